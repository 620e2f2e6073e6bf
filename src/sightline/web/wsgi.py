"""The site as a WSGI application, for gunicorn: `gunicorn sightline.web.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightline.web.settings.production")
application = get_wsgi_application()
