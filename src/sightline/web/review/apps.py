"""The review app."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "sightline.web.review"
    label = "review"
