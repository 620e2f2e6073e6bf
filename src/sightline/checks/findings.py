"""What an audit finds, as one table: its columns, its order, and what each check is called.

A finding is one sample and one thing about it. Score 1 means surely something is wrong; `flagged` says that a person
should look. (cleanlab counts the other way: its 0 is the worst.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

COLUMNS = ("path", "check", "score", "flagged", "label", "suggested_label", "twin", "detail")

CHECKS: dict[str, str] = {
    "leak": "The same photo in two parts",
    "conflict": "The same photo under two labels",
    "label": "Labels that look wrong",
    "file": "Files that are no usable photo",
    "duplicate": "Identical photos",
    "near-duplicate": "Changed copies of a photo",
    "burst": "Series of one scene",
    "outlier": "Photos unlike all others",
    "quality": "Blank, dark, blurred or odd photos",
    "balance": "Classes and shortcuts",
}
"""The checks, gravest first, each with the heading that people read."""


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Findings as a table with all columns; what a row does not name is empty.

    Raises:
        ValueError: a row names an unknown check or column, or a score outside 0-1.
    """
    empty = {"score": 0.0, "flagged": False}
    complete = [{column: row.get(column, empty.get(column, "")) for column in COLUMNS} for row in rows]
    found = pd.DataFrame(complete, columns=list(COLUMNS))
    found = found.astype({"score": float, "flagged": bool, **dict.fromkeys(set(COLUMNS) - {"score", "flagged"}, "str")})
    if unknown := set(found["check"]) - set(CHECKS):
        raise ValueError(f"unknown checks: {sorted(unknown)}")
    if not found["score"].between(0, 1).all():
        raise ValueError("a score lies outside 0-1")
    return found


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Findings of several checks in one table, worst first: by score, equal scores by how grave the check is."""
    whole = pd.concat([table([]), *parts], ignore_index=True)
    gravity = whole["check"].map({check: place for place, check in enumerate(CHECKS)})
    order = pd.DataFrame({"score": -whole["score"].round(6), "gravity": gravity, "path": whole["path"]})
    found = whole.loc[order.sort_values(["score", "gravity", "path"], kind="stable").index].reset_index(drop=True)
    return found.assign(score=found["score"].round(4))
