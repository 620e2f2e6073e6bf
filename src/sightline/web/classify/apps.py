"""The classify app."""

from django.apps import AppConfig


class ClassifyConfig(AppConfig):
    name = "sightline.web.classify"
    label = "classify"
