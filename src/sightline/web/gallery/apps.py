"""The gallery app."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "sightline.web.gallery"
    label = "gallery"
