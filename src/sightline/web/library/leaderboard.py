"""The runs as a table: found by words, in an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sightline.web.library.row import Row, row
from sightline.web.library.shelf import shelved

SORTS: dict[str, tuple[str, Callable[[Row], Any], bool]] = {
    "accuracy": ("Accuracy", lambda row: row.accuracy, True),
    "f1": ("Macro F1", lambda row: row.macro_f1, True),
    "ece": ("ECE", lambda row: row.ece, False),
    "parameters": ("Size", lambda row: row.parameters, False),
    "speed": ("Speed", lambda row: row.speed, True),
    "opened": ("Test looks", lambda row: row.opened, False),
    "date": ("Date", lambda row: row.date, True),
    "name": ("Run", lambda row: row.name.lower(), False),
}


def rows(text: str = "", dataset: str = "", sort: str = "accuracy", back: bool = False) -> list[Row]:
    """The runs that match, in order; those without the figure that they are sorted by come last.

    Args:
        text: words that must all be part of a run's name, dataset or model.
        dataset: only runs on this dataset.
        sort: a key of SORTS.
        back: the other way round.
    """
    words = text.lower().split()
    found = [row(run) for run in shelved()]
    found = [r for r in found if all(word in f"{r.name} {r.dataset} {r.model}".lower() for word in words)]
    found = [r for r in found if not dataset or r.dataset == dataset]
    _, figure, high_first = SORTS.get(sort, SORTS["accuracy"])
    known = [r for r in found if figure(r) is not None]
    known.sort(key=figure, reverse=high_first != back)
    return known + [r for r in found if figure(r) is None]
