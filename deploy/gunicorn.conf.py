"""gunicorn's settings in production: the same as `sightline serve` uses, on every address of the container.

gunicorn --config deploy/gunicorn.conf.py sightline.web.wsgi
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightline.web.settings.production")

from sightline.web.serve import gunicorn_settings

globals().update(gunicorn_settings("0.0.0.0", int(os.environ.get("PORT", "8000"))))
