"""On this machine, for the people who use it: nothing to configure. `sightline serve` without --host uses these."""

from __future__ import annotations

import os

from sightline.web.options import Options, database
from sightline.web.secret import local_secret
from sightline.web.settings.base import *  # noqa: F403
from sightline.web.state import private_folder

SIGHTLINE = Options.from_environment(local=True)
private_folder(SIGHTLINE.state)

DEBUG = False
SIGHTLINE_FIRST_RUN = True  # the page that makes the first user, for this machine alone
SECRET_KEY = os.environ.get("SECRET_KEY") or local_secret(SIGHTLINE.state)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""), SIGHTLINE.state)}
WHITENOISE_USE_FINDERS = True  # straight from the package: no collectstatic before the first look
