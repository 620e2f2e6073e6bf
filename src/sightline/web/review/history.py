"""What was decided, looked up: for a photo's page, for the history of a run, for a reviewer."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from sightline.web.review.models import Decision


def of_photo(run: str, path: str) -> Iterable[Decision]:
    """Every decision on one photo, oldest first; undone ones too."""
    return Decision.objects.filter(item__run=run, item__path=path).select_related("user")


def of_run(run: str, before: int | None = None, count: int = 100) -> tuple[list[Decision], int | None]:
    """The decisions of a run, newest first; undone ones too.

    Args:
        run: its name.
        before: only older ones than this decision, by its number.
        count: how many at most.

    Returns:
        The decisions, and what to give as `before` to get the next ones; None if there are none.
    """
    made = Decision.objects.filter(item__run=run).select_related("item", "user").order_by("-id")
    if before is not None:
        made = made.filter(pk__lt=before)
    rows = list(made[: count + 1])
    return rows[:count], rows[count - 1].pk if len(rows) > count else None


def last_run_of(person: AbstractBaseUser | AnonymousUser) -> str | None:
    """The run of a person's last decision; None if they made none."""
    mine = Decision.objects.filter(user_id=person.pk or 0).order_by("-id")
    return mine.values_list("item__run", flat=True).first()
