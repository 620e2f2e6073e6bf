"""Who has which photo. Two reviewers never hold the same one, on SQLite and on PostgreSQL alike.

A claim is two columns of the item, set inside a transaction that holds the row: PostgreSQL locks it and lets others
pass by (FOR UPDATE SKIP LOCKED); SQLite has one writer at a time from BEGIN IMMEDIATE on. A claim that nobody renews
runs out, so a closed browser loses nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from sightline.web.replies import Refused
from sightline.web.review.models import DROP, KEEP, RELABEL, Decision, Item, Skip

CLAIM = timedelta(minutes=10)


def claim(user: User, run: str, *, second: bool = False) -> Item | None:
    """The next photo for `user`, held for ten minutes: the one held already, else the worst one that is free.

    Args:
        user: the reviewer.
        run: whose photos.
        second: photos that somebody else decided, for a second opinion, instead of undecided ones.

    Returns:
        None when there is nothing left for this person.
    """
    now = timezone.now()
    with transaction.atomic():
        held = (
            _lock(Item.objects.filter(run=run, claimed_by=user, claimed_until__gt=now, open=not second))
            .order_by("id")
            .first()
        )
        item = held or _free(user, run, now, second)
        if item is not None:
            item.claimed_by, item.claimed_until = user, now + CLAIM
            item.save(update_fields=["claimed_by", "claimed_until"])
    return item


def waiting(user: User, run: str, *, second: bool = False, now: datetime | None = None) -> QuerySet[Item]:
    """The photos that `user` could get, the worst first; those that they skipped are not among them."""
    now = now or timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_by=user)
    items = Item.objects.filter(free, run=run, open=not second)
    if second:
        mine = Decision.objects.filter(item=OuterRef("pk"), user=user, undone=None)
        voices = Count("decisions", filter=Q(decisions__undone=None))
        # A subquery, since rows of a grouped query cannot be locked.
        unsettled = (
            Item.objects.filter(run=run, open=False).annotate(voices=voices).filter(voices__in=(1, 2)).values("pk")
        )
        items = items.filter(~Exists(mine), pk__in=unsettled)
    return items.order_by("-score", "id")


def _free(user: User, run: str, now: datetime, second: bool) -> Item | None:
    skipped = Skip.objects.filter(item=OuterRef("pk"), user=user)
    candidates = waiting(user, run, second=second, now=now)
    fresh = candidates.filter(~Exists(skipped))
    item = _lock(fresh).first()
    # Rows that somebody is claiming this very moment were passed by. Only when nothing else is left is it worth
    # waiting for them: a row that was taken meanwhile no longer fits and drops out.
    while item is None and fresh.exists():
        item = fresh.select_for_update(of=("self",)).first()
    if item is None:  # what one skipped comes back at the end, longest ago first
        item = _lock(candidates.order_by("skips__when", "id").filter(skips__user=user)).first()
    return item


def _lock(items: QuerySet[Item]) -> QuerySet[Item]:
    return items.select_for_update(skip_locked=True, of=("self",))


def _held(user: User, item_id: int) -> Item:
    """The item, locked, if `user` may decide it.

    Raises:
        Refused: the claim ran out and somebody else took the photo, or decided it.
    """
    item = Item.objects.select_for_update(of=("self",)).filter(pk=item_id).first()
    if item is None:
        raise Refused(404, "This photo is no longer in the queue.")
    if item.claimed_by_id != user.pk:
        raise Refused(409, "This photo went to somebody else while it was open here. Nothing was changed.")
    return item


def decide(user: User, item_id: int, decision: str, label: str = "", *, classes: tuple[str, ...] = ()) -> Decision:
    """Record what `user` says of the photo that they hold, and let it go.

    Args:
        user: the reviewer, who must hold the photo.
        item_id: the photo's item.
        decision: keep, relabel or drop.
        label: the new label, for relabel.
        classes: the labels there are.

    Raises:
        Refused: the decision makes no sense (422), or the photo is not theirs (404, 409).
    """
    if decision not in (KEEP, RELABEL, DROP):
        raise Refused(422, "A decision is keep, relabel or drop.")
    if decision == RELABEL and label not in classes:
        raise Refused(422, "Choose one of the classes as the new label.")
    with transaction.atomic():
        item = _held(user, item_id)
        if Decision.objects.filter(item=item, user=user, undone=None).exists():
            raise Refused(409, "You have decided this photo already. Undo that decision to change it.")
        made = Decision.objects.create(
            item=item, user=user, decision=decision, label=label if decision == RELABEL else item.label
        )
        item.open, item.claimed_by, item.claimed_until = False, None, None
        item.save(update_fields=["open", "claimed_by", "claimed_until"])
        Skip.objects.filter(item=item, user=user).delete()
    return made


def skip(user: User, item_id: int) -> None:
    """Let the photo go undecided; `user` gets it again only when nothing else is left.

    Raises:
        Refused: the photo is not theirs.
    """
    with transaction.atomic():
        item = _held(user, item_id)
        item.claimed_by, item.claimed_until = None, None
        item.save(update_fields=["claimed_by", "claimed_until"])
        Skip.objects.update_or_create(item=item, user=user)


def undo(user: User, run: str) -> Item | None:
    """Take back the last decision of `user` in this run and hold its photo again; what they held is let go.

    Returns:
        The photo; None if there is nothing to take back.
    """
    now = timezone.now()
    with transaction.atomic():
        last = Decision.objects.filter(user=user, item__run=run, undone=None).order_by("-id").first()
        if last is None:
            return None
        item = Item.objects.select_for_update(of=("self",)).get(pk=last.item_id)
        if item.claimed_by_id not in (None, user.pk) and item.claimed_until and item.claimed_until > now:
            raise Refused(
                409, "Somebody is giving a second opinion on that photo just now; try again in a few minutes."
            )
        Item.objects.filter(run=run, claimed_by=user).update(claimed_by=None, claimed_until=None)
        Decision.objects.filter(pk=last.pk).update(undone=now)
        item.open = not item.decisions.filter(undone=None).exists()
        item.claimed_by, item.claimed_until = user, now + CLAIM
        item.save(update_fields=["open", "claimed_by", "claimed_until"])
    return item
