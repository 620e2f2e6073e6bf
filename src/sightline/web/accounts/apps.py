"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "sightline.web.accounts"
    label = "accounts"
