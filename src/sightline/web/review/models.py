"""What is to be reviewed, and what was decided, by whom and when."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

FINDING, VISITOR = "finding", "visitor"
KEEP, RELABEL, DROP = "keep", "relabel", "drop"


class Item(models.Model):
    """One photo with a question: every finding about it, or what a visitor said of it."""

    KINDS = ((FINDING, "found by the audit"), (VISITOR, "marked by a visitor"))

    run = models.CharField(max_length=255)
    path = models.CharField(max_length=1000)
    """Relative to the dataset's root; for a visitor's photo its upload's identity."""
    kind = models.CharField(max_length=16, choices=KINDS, default=FINDING)
    score = models.FloatField(default=0.0)
    """1: surely something wrong. The queue goes from high to low."""
    label = models.CharField(max_length=255, blank=True)
    suggested = models.CharField(max_length=255, blank=True)
    reasons = models.JSONField(default=list)
    """[{check, score, detail, twin}], the gravest first."""
    open = models.BooleanField(default=True)
    """Whether it waits for a first decision."""
    claimed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "path"), name="one_item_for_each_photo"),)
        indexes = (
            models.Index(fields=("run", "open", "-score", "id"), name="the_queue"),
            models.Index(fields=("claimed_by",), name="held_items"),
        )

    @property
    def title(self) -> str:
        """What people call the photo: its path; the random name of a visitor's photo would tell them nothing."""
        return "a visitor's photo" if self.kind == VISITOR else self.path


class Decision(models.Model):
    """What one reviewer said of one photo. Undone decisions stay as history."""

    KINDS = ((KEEP, "keep"), (RELABEL, "relabel"), (DROP, "drop"))

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=16, choices=KINDS)
    label = models.CharField(max_length=255, blank=True)
    """The new label of a relabelled photo, the given one otherwise."""
    when = models.DateTimeField(auto_now_add=True)
    undone = models.DateTimeField(null=True)

    class Meta:
        ordering = ("when", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("item", "user"), condition=Q(undone=None), name="one_voice_for_each_person"
            ),
        )
        indexes = (models.Index(fields=("user", "undone", "-id"), name="my_last_decision"),)

    @property
    def verdict(self) -> tuple[str, str]:
        """What two decisions must share to agree: the decision, and for a new label which one."""
        return self.decision, self.label if self.decision == RELABEL else ""


class Skip(models.Model):
    """A reviewer who did not want to decide: others see the photo first."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="skips")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    when = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("item", "user"), name="one_skip_for_each_person"),)
