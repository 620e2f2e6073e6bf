#!/bin/sh
# Bring the database and the static files up to date, then become gunicorn.
set -eu
export DJANGO_SETTINGS_MODULE="${DJANGO_SETTINGS_MODULE:-sightline.web.settings.production}"
python -m sightline.web migrate --no-input
python -m sightline.web collectstatic --no-input --verbosity 0
exec gunicorn --config /app/gunicorn.conf.py sightline.web.wsgi
