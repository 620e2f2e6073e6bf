"""What visitors sent: the copy that was made of it, and what was answered."""

from __future__ import annotations

import uuid

from django.db import models


class Upload(models.Model):
    """One photo of a visitor. Its identity is a random number, which is also all of its file's name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    run = models.CharField(max_length=255)
    name = models.CharField(max_length=120)
    """What the visitor called it, shortened; only ever shown as text."""
    answer = models.JSONField()
    """predicted, confidence, probabilities {class: p}, set, familiar, decision."""
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    reported = models.BooleanField(default=False)
    """Whether somebody said that the answer is wrong; such a photo stays for the reviewers."""

    class Meta:
        ordering = ("created",)
