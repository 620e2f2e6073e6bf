"""For the public: HTTPS, secrets from the environment, pages of runs and data for those who signed in.

Needs SECRET_KEY and ALLOWED_HOSTS. SIGHTLINE_HTTPS=0 leaves out what plain HTTP inside a house network cannot do.
"""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from sightline.web.options import Options, database
from sightline.web.settings.base import *  # noqa: F403
from sightline.web.state import private_folder

SIGHTLINE = Options.from_environment(local=False)
private_folder(SIGHTLINE.state)

DEBUG = False
SIGHTLINE_FIRST_RUN = False
SECRET_KEY = os.environ.get("SECRET_KEY", "")
ALLOWED_HOSTS = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
    raise ImproperlyConfigured("SECRET_KEY: set it to 50 or more random characters (openssl rand -base64 48).")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS: name the hosts that the site answers to, with commas between them.")
DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""), SIGHTLINE.state)}

_https = os.environ.get("SIGHTLINE_HTTPS", "1") != "0"
SECURE_SSL_REDIRECT = _https
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
if SIGHTLINE.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [
    f"{'https' if _https else 'http'}://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS
]

STATIC_ROOT = SIGHTLINE.state / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
