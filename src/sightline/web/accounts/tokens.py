"""Whose token a request brings."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest

from sightline.web.accounts.models import Token


def bearer(request: HttpRequest) -> User | None:
    """Whose token the request brings (`Authorization: Bearer …`); None if nobody's."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return holder(text) if scheme.lower() == "bearer" else None


def holder(text: str) -> User | None:
    """Whose token this is; None if nobody's."""
    return Token.holder(text.strip()) if text.strip() else None
