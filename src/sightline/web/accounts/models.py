"""Tokens for scripts. People are Django's own users; staff may add people."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import models
from django.utils import timezone

PREFIX = "sightline_"


def digest(token: str) -> str:
    """What the database keeps of a token. It has 256 random bits, so a plain hash cannot be run backwards."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Token(models.Model):
    """A key with which a script acts for a person. Shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created",)

    @classmethod
    def issue(cls, user: AbstractBaseUser, name: str) -> tuple[Token, str]:
        """A new token, and its text, which nobody can look up again."""
        text = PREFIX + secrets.token_urlsafe(32)
        return cls.objects.create(user=user, name=name, digest=digest(text)), text

    @classmethod
    def holder(cls, text: str) -> User | None:
        """Whose token this is; None if nobody's."""
        token = cls.objects.select_related("user").filter(digest=digest(text), user__is_active=True).first()
        if token is None:
            return None
        now = timezone.now()
        if token.last_used is None or now - token.last_used > timedelta(minutes=5):  # not a write for every request
            cls.objects.filter(pk=token.pk).update(last_used=now)
        return token.user
