"""Who asks: a script with its token, or a person with their session."""

# ruff: noqa: ARG002  (who calls decides what is given)

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie

from sightline.web.accounts.tokens import bearer, holder


class _Token(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        return holder(token)


class _Session(APIKeyCookie):
    """The session cookie. Ninja checks the CSRF token with it, since a browser sends cookies on anybody's behalf."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated else None


class Anyone:
    """Lets everyone in; knows those who have a token."""

    def __call__(self, request: HttpRequest) -> Any:
        return bearer(request) or (request.user if request.user.is_authenticated else AnonymousUser())


class Open(Anyone):
    """As the pages of runs and data: everyone on this machine, people and tokens in production."""

    def __call__(self, request: HttpRequest) -> Any:
        who = super().__call__(request)
        return who if settings.SIGHTLINE.open_pages or who.is_authenticated else None


people = [_Token(), _Session()]
