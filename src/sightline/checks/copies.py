"""What duplicates mean: a leak where copies stand in two parts, a conflict where they bear two labels, waste otherwise.

Of the copies of one photo the first is the original, and each other one has a finding that names it; photos in a
conflict or a leak all have one, because which of them is wrong is for a person to say.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from sightline.checks import findings
from sightline.checks.duplicates import Duplicates

_HOW = {"bytes": "the same file", "pixels": "the same picture in another file", "near": "a changed copy"}
_BURST = 0.5  # a series within one part harms little


def check_copies(samples: pd.DataFrame, duplicates: Duplicates) -> pd.DataFrame:
    """Findings of the checks leak, conflict, duplicate, near-duplicate and burst.

    Args:
        samples: path, label, split ("" for none).
        duplicates: of the same samples.
    """
    table = _Table(samples, duplicates)
    rows: list[dict[str, Any]] = []
    for members in _groups(duplicates.same):
        rows += [*_leaks(table, members), *_conflicts(table, members), *_copies(table, members)]
    for members in _groups(duplicates.groups):
        if len(set(duplicates.same[members])) > 1:
            rows += _burst(table, members)
    return findings.table(rows)


class _Table:
    """The samples as lists, and how sure each pair is."""

    def __init__(self, samples: pd.DataFrame, duplicates: Duplicates) -> None:
        self.path = samples["path"].tolist()
        self.label = samples["label"].tolist()
        self.split = samples["split"].tolist() if "split" in samples else [""] * len(samples)
        self.same = duplicates.same
        self._pair: dict[tuple[int, int], tuple[str, float]] = {}
        self._best: dict[int, tuple[str, float]] = {}
        columns = [duplicates.pairs[column].tolist() for column in ("a", "b", "kind", "score")]
        for one, other, kind, score in zip(*columns, strict=True):
            self._pair[one, other] = (kind, score)
            if kind != "burst":
                for member in (one, other):
                    if score > self._best.get(member, ("", 0.0))[1]:
                        self._best[member] = (kind, score)

    def pair(self, one: int, other: int) -> tuple[str, float]:
        """Kind and score of two photos of a group; where they are joined by a third only, how well `one` is joined."""
        return self._pair.get((min(one, other), max(one, other))) or self._best[one]

    def finding(self, check: str, row: int, twin: int, score: float, detail: str, **more: Any) -> dict[str, Any]:
        return {
            "path": self.path[row],
            "check": check,
            "score": score,
            "flagged": True,
            "label": self.label[row],
            "twin": self.path[twin],
            "detail": detail,
            **more,
        }


def _leaks(table: _Table, members: list[int]) -> list[dict[str, Any]]:
    """One finding for each copy outside of training (or outside of validation, if training has none)."""
    parts = {table.split[row] for row in members} - {""}
    if len(parts) < 2:
        return []
    home = next(part for part in ("train", "val", "test") if part in parts)
    there = [row for row in members if table.split[row] == home]
    rows = []
    for row in members:
        if table.split[row] not in (home, ""):
            twin = max(there, key=lambda other: table.pair(row, other)[1])
            kind, score = table.pair(row, twin)
            detail = f"in {table.split[row]}, and {_HOW[kind]} in {home}"
            rows.append(table.finding("leak", row, twin, score, detail))
    return rows


def _conflicts(table: _Table, members: list[int]) -> list[dict[str, Any]]:
    """One finding for each copy; the label that most copies bear is suggested to the others."""
    count = Counter(table.label[row] for row in members)
    if len(count) < 2:
        return []
    (most, times), (_, second) = count.most_common(2)
    rows = []
    for row in members:
        label = table.label[row]
        others = [other for other in members if table.label[other] != label]
        twin = max(others, key=lambda other: table.pair(row, other)[1])
        kind, score = table.pair(row, twin)
        suggested = most if times > second and label != most else ""
        detail = f"labelled {label}, and {_HOW[kind]} is labelled {table.label[twin]}"
        rows.append(table.finding("conflict", row, twin, score, detail, suggested_label=suggested))
    return rows


def _copies(table: _Table, members: list[int]) -> list[dict[str, Any]]:
    rows = []
    for row in members[1:]:
        twin = max((other for other in members if other < row), key=lambda other: table.pair(row, other)[1])
        kind, score = table.pair(row, twin)
        check = "near-duplicate" if kind == "near" else "duplicate"
        rows.append(table.finding(check, row, twin, score, _HOW[kind]))
    return rows


def _burst(table: _Table, members: list[int]) -> list[dict[str, Any]]:
    """One finding for each further photo of a series; flagged where the series stands in two parts."""
    parts = sorted({table.split[row] for row in members} - {""})
    crosses = len(parts) > 1
    where = f", in {' and '.join(parts)}" if crosses else ""
    rows, seen = [], {table.same[members[0]]}
    for row in members[1:]:
        if table.same[row] not in seen:
            seen.add(table.same[row])
            score = 0.8 if crosses else _BURST
            detail = f"one of {len(members)} photos of one scene{where}"
            rows.append(table.finding("burst", row, members[0], score, detail, flagged=crosses))
    return rows


def _groups(numbers: np.ndarray) -> list[list[int]]:
    """The rows of each number that occurs more than once, in order."""
    grouped = pd.Series(np.arange(len(numbers))).groupby(numbers)
    return [rows.tolist() for _, rows in grouped if len(rows) > 1]
