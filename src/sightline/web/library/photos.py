"""The photos of a run's dataset as one table in memory: filtered, ordered, and cut into pages by key.

A page begins after a photo, not at a number: what comes before costs nothing, and photos that are added or filtered
away in between shift nothing. A hundred thousand photos are a few million numbers; a page is found in about a
millisecond.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from sightline.data.decoding.deep import FULL
from sightline.web.library.findings import findings, source
from sightline.web.library.row import damaged
from sightline.web.library.shelf import Shelved, stamp
from sightline.web.replies import Refused

BANDS = {"low": (0.0, 0.5), "middle": (0.5, 0.8), "high": (0.8, 0.95), "sure": (0.95, 1.01)}
SORTS = {"path": "By name", "unsure": "Least sure first", "finding": "Most suspicious first"}
_lock = threading.Lock()
_tables: dict[str, tuple[tuple[int, ...], Photos]] = {}
_KEPT = 4


@dataclass(frozen=True)
class Filter:
    """What is asked for; "" is no condition."""

    label: str = ""
    split: str = ""
    outcome: str = ""
    """right, wrong, or none: not predicted."""
    confidence: str = ""
    """a key of BANDS."""
    finding: str = ""
    """a check's name, or any."""
    text: str = ""
    """part of the path."""
    sort: str = "path"


class Photos:
    """One run's photos. A photo is named by its row in samples.parquet, which never changes."""

    def __init__(self, run: Shelved) -> None:
        folder = run.folder
        described, samples, predictions = folder.dataset(), folder.samples(), folder.predictions()
        if described is None or not len(samples):
            raise Refused(409, f"{run.name} does not know its photos yet. Come back when its training has begun.")
        self.name, self.root = run.name, described.folder
        self.classes = described.classes
        self.white = described.white or FULL
        table = samples.reset_index(drop=True)
        for column in ("group", "digest", "notes", "split"):
            if column not in table:
                table[column] = ""
        if len(predictions):
            said = predictions.drop_duplicates("path").set_index("path")[["predicted", "confidence"]]
            table = table.join(said, on="path")
        else:
            table["predicted"], table["confidence"] = None, np.nan
        self.predictions = predictions
        table["right"] = np.where(table["predicted"].isna(), -1, table["predicted"] == table["label"]).astype(np.int8)
        self.table = table
        self._findings = findings(run).table
        flagged = self._findings[self._findings["flagged"]]
        row_of = pd.Series(table.index, index=table["path"])
        row_of = row_of[~row_of.index.duplicated()]
        self.row_of = row_of
        rows = row_of.reindex(flagged["path"]).to_numpy(dtype=np.float64, na_value=np.nan)
        known = ~np.isnan(rows)
        self._flagged_rows = rows[known].astype(np.int64)
        self._flagged_checks = flagged["check"].to_numpy()[known]
        self.checks = tuple(sorted(set(self._flagged_checks)))
        worst = np.zeros(len(table))
        np.maximum.at(worst, self._flagged_rows, flagged["score"].to_numpy(dtype=np.float64)[known])
        self.worst = worst
        # For each order the place of every photo in it: the key of keyset paging.
        self._place = {
            "path": _places(np.argsort(table["path"].to_numpy(dtype=str), kind="stable")),
            "unsure": _places(np.argsort(table["confidence"].fillna(2.0).to_numpy(), kind="stable")),
            "finding": _places(np.argsort(-worst, kind="stable")),
        }

    def __len__(self) -> int:
        return len(self.table)

    def mask(self, wanted: Filter) -> np.ndarray:
        """Which photos match, (n,) bool."""
        table = self.table
        keep = np.ones(len(table), dtype=bool)
        if wanted.label:
            keep &= (table["label"] == wanted.label).to_numpy()
        if wanted.split:
            keep &= (table["split"] == wanted.split).to_numpy()
        if wanted.outcome:
            keep &= (table["right"] == {"right": 1, "wrong": 0}.get(wanted.outcome, -1)).to_numpy()
        if wanted.confidence in BANDS:
            low, high = BANDS[wanted.confidence]
            keep &= table["confidence"].between(low, high, inclusive="left").to_numpy()
        if wanted.finding:
            found = np.zeros(len(table), dtype=bool)
            of_check = wanted.finding == "any" or self._flagged_checks == wanted.finding
            found[self._flagged_rows[np.broadcast_to(of_check, self._flagged_rows.shape)]] = True
            keep &= found
        if wanted.text:
            keep &= table["path"].str.contains(wanted.text, case=False, regex=False).to_numpy()
        return keep

    def page(self, wanted: Filter, after: int | None = None, count: int = 60) -> tuple[list[int], int, bool]:
        """The next photos.

        Args:
            wanted: the conditions and the order.
            after: the row of the last photo of the page before.
            count: photos on a page.

        Returns:
            rows, how many photos match in all, and whether there are more behind this page.
        """
        place = self._place.get(wanted.sort, self._place["path"])
        rows = np.flatnonzero(self.mask(wanted))
        places = place[rows]
        behind = places > place[after] if after is not None and 0 <= after < len(place) else np.ones(len(rows), bool)
        rows_left, places_left = rows[behind], places[behind]
        if len(rows_left) > count:
            nearest = np.argpartition(places_left, count - 1)[:count]
        else:
            nearest = np.arange(len(rows_left))
        chosen = rows_left[nearest[np.argsort(places_left[nearest])]]
        return [int(row) for row in chosen], len(rows), len(rows_left) > count

    def mistakes(self) -> list[tuple[str, int, int]]:
        """(split, mistakes, photos) of each split that was predicted: val, which chose, apart from test."""
        asked = self.table[self.table["right"] >= 0]
        parts = [(split, asked.loc[asked["split"] == split, "right"]) for split in ("val", "test")]
        return [(split, int((right == 0).sum()), len(right)) for split, right in parts if len(right)]

    def examples(self) -> list[tuple[str, int]]:
        """(class, row) of one photo of each class: the one that the model knew best, or else the first one."""
        table = self.table.assign(sure=self.table["confidence"].where(self.table["right"] == 1, -1.0).fillna(-1.0))
        best = table.groupby("label")["sure"].idxmax()
        return [(name, int(best[name])) for name in self.classes if name in best]

    def file(self, row: int) -> Path:
        """Where the photo lies.

        Raises:
            Refused: 404, there is no such row, or its path would lead out of the dataset.
        """
        if not 0 <= row < len(self.table):
            raise Refused(404, "There is no such photo in this run.")
        path = PurePosixPath(str(self.table["path"].iloc[row]))
        if path.is_absolute() or ".." in path.parts or "\0" in str(path):
            raise Refused(404, "This photo's path leads out of the dataset.")
        return self.root.joinpath(*path.parts)

    def digest(self, row: int) -> str:
        """The SHA-256 of the photo's bytes when the run was made; "" if it did not write that down."""
        value = self.table["digest"].iloc[row]
        return value if isinstance(value, str) else ""

    def rows_named(self, paths: Iterable[str]) -> list[int]:
        """The rows of these paths; unknown ones are left out."""
        found = self.row_of.reindex(list(paths)).dropna()
        return [int(row) for row in found]

    def twins(self, row: int) -> list[int]:
        """The other photos of this one's duplicate group."""
        if "duplicate_group" not in self.table:
            return []
        groups = self.table["duplicate_group"]
        same = np.flatnonzero((groups == groups.iloc[row]).to_numpy())
        return [int(other) for other in same if other != row][:12]

    def findings_of(self, row: int) -> list[dict[str, object]]:
        """Every finding about this photo."""
        mine = self._findings[self._findings["path"] == self.table["path"].iloc[row]]
        return [dict(record) for record in mine.to_dict("records")]

    def probabilities(self, row: int) -> dict[str, float]:
        """{class: p}; {} for a training photo, which has no prediction."""
        path = self.table["path"].iloc[row]
        mine = self.predictions[self.predictions["path"] == path] if len(self.predictions) else self.predictions
        if not len(mine):
            return {}
        return {name: float(mine[f"p_{name}"].iloc[0]) for name in self.classes if f"p_{name}" in mine}


def photos(run: Shelved) -> Photos:
    """The run's photos; read again only when its files or its findings change.

    Raises:
        Refused: 409, the run does not know its photos yet, or is damaged.
    """
    found = source(run)
    path = run.folder.path
    names = ("samples.parquet", "predictions.parquet", "dataset.json")
    key = (*(stamp(path / name) for name in names), stamp(found) if found else 0)
    with _lock:
        kept = _tables.get(str(path))
        if kept is not None and kept[0] == key:
            return kept[1]
    try:
        made = Photos(run)
    except Refused:
        raise
    except Exception as error:  # whatever a damaged table makes of itself
        raise damaged(run, error) from error
    with _lock:
        _tables.pop(str(path), None)
        _tables[str(path)] = (key, made)
        while len(_tables) > _KEPT:
            _tables.pop(next(iter(_tables)))
    return made


def _places(order: np.ndarray) -> np.ndarray:
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
