"""What comes into the review queue: the audit's findings, and photos whose answer a visitor called wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
from django.db import transaction

from sightline.web.library.findings import findings, source
from sightline.web.library.shelf import Shelved, stamp
from sightline.web.review.models import FINDING, VISITOR, Item

_lock = threading.Lock()
_taken: dict[str, tuple[str, int]] = {}
_AT_ONCE = 500
_VISITOR_SCORE = 0.9


def take_in(run: Shelved) -> None:
    """Bring the flagged findings of `run` into the queue; a look at the file's date when they are there already.

    Findings that changed are updated while nobody has decided about them; a photo that is no longer flagged and was
    never decided leaves the queue.
    """
    path = source(run)
    if path is None:
        return
    state = (str(path), stamp(path))
    with _lock:
        if _taken.get(run.name) == state:
            return
        found = findings(run)
        if not found.problem:
            bring(run.name, found.table)
        _taken[run.name] = state


def bring(run: str, table: pd.DataFrame) -> int:
    """Put the flagged rows of a findings table into the queue of `run`; returns how many photos those are."""
    items = list(_items(run, table[table["flagged"]]))
    with transaction.atomic():
        _let_go(run, {item.path for item in items})
        for start in range(0, len(items), _AT_ONCE):
            Item.objects.bulk_create(
                items[start : start + _AT_ONCE],
                update_conflicts=True,
                unique_fields=["run", "path"],
                update_fields=["score", "label", "suggested", "reasons"],
            )
    return len(items)


def _let_go(run: str, flagged: set[str]) -> None:
    """Take photos out of the queue that are no longer flagged, that nobody holds and nobody ever decided about."""
    waiting = Item.objects.filter(run=run, kind=FINDING, open=True, claimed_by=None, decisions=None)
    stale = [identity for identity, path in waiting.values_list("id", "path") if path not in flagged]
    for start in range(0, len(stale), _AT_ONCE):
        Item.objects.filter(pk__in=stale[start : start + _AT_ONCE], claimed_by=None).delete()


def _items(run: str, flagged: pd.DataFrame) -> Iterator[Item]:
    for path, rows in flagged.groupby("path", sort=False):
        reasons: list[dict[str, Any]] = rows[["check", "score", "detail", "twin"]].to_dict("records")  # type: ignore[assignment]
        suggested = next((label for label in rows["suggested_label"] if label), "")
        given = next((label for label in rows["label"] if label), "")
        yield Item(
            run=run,
            path=str(path),
            score=float(rows["score"].max()),
            label=given,
            suggested=suggested if suggested != given else "",
            reasons=reasons,
        )


def report(run: str, photo: str, answered: str, label: str) -> None:
    """A visitor called an answer wrong.

    Args:
        run: whose model answered.
        photo: the identity of the visitor's photo.
        answered: the class that the model named.
        label: what the visitor says is right, or "".
    """
    reason = {
        "check": "visitor",
        "score": _VISITOR_SCORE,
        "detail": f"A visitor says this is {label}." if label else "A visitor says this answer is wrong.",
        "twin": "",
    }
    Item.objects.update_or_create(
        run=run,
        path=photo,
        defaults={
            "kind": VISITOR,
            "score": _VISITOR_SCORE,
            "label": answered,
            "suggested": label if label != answered else "",
            "reasons": [reason],
        },
    )
