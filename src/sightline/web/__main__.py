"""Django's own commands: `python -m sightline.web check --deploy`, `migrate`, `createsuperuser` …"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightline.web.settings.local")
    execute_from_command_line(["python -m sightline.web", *sys.argv[1:]])
