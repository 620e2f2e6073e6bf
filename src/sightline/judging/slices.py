"""Where it fails: accuracy for each kind of photo, with intervals, and the kinds that are worse named in words.

A slice is a set of test photos that share something a person can act on: their class, their size, how bright they are,
the folder they came from, whether they have a twin. Figures of many slices include unlucky ones; a slice is called
worse than the rest only where the difference would be rare even so (Bonferroni over the slices).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sightline.runs.documents.trust import Accuracy, Leaked
from sightline.system import words
from sightline.trust.intervals import wilson

COLUMNS = ("kind", "slice", "n", "right", "accuracy", "low", "high", "p", "worse")
FEWEST = 10
_MOST_FOLDERS = 12
_MOST_NAMED = 3


def slices(samples: pd.DataFrame, right: ArrayLike, twins: ArrayLike | None = None) -> pd.DataFrame:
    """Accuracy slice by slice.

    Args:
        samples: one row per judged photo: label, and those of path, width, height, brightness (0–255) that are known.
        right: (n,) bool, whether the prediction was right.
        twins: (n,) of "" (no other photo is like it), "same" (a twin among the test photos) and "leaked" (a twin
            in train or val); None where duplicates were not sought.

    Returns:
        One row per slice of at least 10 photos, of kinds that have two or more: kind, slice, n, right, accuracy, low
        and high (95 % Wilson), p (could the difference from all other photos be chance? Fisher's exact test), worse
        (True where it could hardly).
    """
    hits = np.asarray(right, dtype=bool)
    found = [
        (kind, name, member)
        for kind, name, member in _members(samples.reset_index(drop=True), twins)
        if member.sum() >= FEWEST
    ]
    # A kind with one slice left says nothing that the whole does not.
    kinds = [kind for kind, _, _ in found]
    found = [entry for entry in found if kinds.count(entry[0]) > 1]
    level = 0.05 / max(len(found), 1)
    rows: list[tuple[str, str, int, int, float, float, float, float, bool]] = []
    for kind, name, member in found:
        n, good = int(member.sum()), int(hits[member].sum())
        rest, rest_good = len(hits) - n, int(hits[~member].sum())
        p = (
            float(stats.fisher_exact(np.array([[good, n - good], [rest_good, rest - rest_good]])).pvalue)
            if rest
            else 1.0
        )
        worse = bool(rest and p < level and good / n < rest_good / rest)
        low, high = wilson(good, n)
        rows.append((kind, name, n, good, good / n, low, high, p, worse))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def worst(table: pd.DataFrame) -> str:
    """The slices of `slices` that are worse than the rest, in one sentence; none is said to be the worst of them."""
    bad = table[table["worse"].astype(bool)].sort_values("accuracy", kind="stable")
    if not len(bad):
        return "No kind of photo is clearly worse than the rest."
    each = [
        f"{words.shown(described(row['kind'], row['slice']))}, {words.percent(row['accuracy'])} right "
        f"({words.span((row['low'], row['high']))}) on {words.many(row['n'], 'photo')}"
        for row in bad.head(_MOST_NAMED).to_dict("records")
    ]
    more = f", and {words.many(len(bad) - _MOST_NAMED, 'more kind')}" if len(bad) > _MOST_NAMED else ""
    return f"Worse than on all other photos: {'; '.join(each)}{more}."


def described(kind: str, name: str) -> str:
    """A slice in words: "dark photos (brightness below 84)"."""
    names = {"class": f"class {name}", "folder": f"photos from {name}", "twins": f"photos {name}"}
    return names.get(kind, f"{name} photos" if " (" not in name else f"{name.replace(' (', ' photos (', 1)}")


def leaked(right: ArrayLike, twins: ArrayLike) -> Leaked:
    """Accuracy with and without the test photos that have a twin in train or val.

    Args:
        right: (n,) bool, whether the prediction was right.
        twins: (n,) as `twins` gives them.

    Raises:
        ValueError: there are no photos.
    """
    hits, twin = np.asarray(right, dtype=bool), np.asarray(twins) == "leaked"
    if not len(hits):
        raise ValueError("leaked: there are no samples")
    return Leaked(
        leaked=int(twin.sum()),
        with_leaked=_figures(hits),
        without_leaked=_figures(hits[~twin]) if (~twin).any() else None,
    )


def twins(groups: ArrayLike, splits: ArrayLike) -> NDArray[np.str_]:
    """For every sample "leaked", "same" or "", from its duplicate group and split.

    Args:
        groups: (n,) duplicate group of every sample of the dataset; alone in its group means no twin.
        splits: (n,) split of every sample.

    Returns:
        (n,): "leaked" for test samples with a twin in train or val, which the network or its choices have seen; "same"
        for all others with a twin.
    """
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    test = np.asarray(splits) == "test"
    size, seen = np.bincount(code), np.bincount(code, weights=~test)
    return np.where(test & (seen[code] > 0), "leaked", np.where(size[code] > 1, "same", ""))


def _members(samples: pd.DataFrame, twins: ArrayLike | None) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    label = samples["label"].astype(str)
    for name in sorted(label.unique()):
        yield "class", name, np.asarray(label == name)
    if {"width", "height"} <= set(samples):
        size = np.sqrt(samples["width"].to_numpy(float) * samples["height"].to_numpy(float))
        yield from _thirds("size", size, ("small", "medium-sized", "large"), "side", " pixels")
    if "brightness" in samples:
        yield from _thirds(
            "brightness",
            samples["brightness"].to_numpy(float),
            ("dark", "medium-bright", "bright"),
            "brightness",
        )
    if "path" in samples:
        yield from _folders(samples["path"].astype(str), label)
    if twins is not None:
        kind = np.asarray(twins)
        yield "twins", "with a twin in train or val", kind == "leaked"
        yield "twins", "with a twin in test", kind == "same"
        yield "twins", "without a twin", kind == ""


def _thirds(
    kind: str, values: NDArray[np.float64], names: tuple[str, str, str], what: str, unit: str = ""
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Three parts of about equal size; fewer where many photos share one value (all 150 x 150: no slices at all)."""
    known = np.isfinite(values)
    if not known.any():
        return
    low, high = np.quantile(values[known], [1 / 3, 2 / 3])
    parts = (
        (known & (values < low), f"{names[0]} ({what} below {low:.0f}{unit})"),
        (known & (values >= low) & (values <= high), f"{names[1]} ({what} {low:.0f} to {high:.0f}{unit})"),
        (known & (values > high), f"{names[2]} ({what} above {high:.0f}{unit})"),
    )
    if sum(bool(member.any()) for member, _ in parts) > 1:
        for member, name in parts:
            yield kind, name, member


def _folders(paths: pd.Series, label: pd.Series) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """By source folder, leaving out the parts of a path that only repeat the class."""
    source = pd.Series(
        [
            "/".join(part for part in PurePosixPath(path).parent.parts if part != name) or "."
            for path, name in zip(paths, label, strict=True)
        ],
        index=paths.index,
    )
    largest = source.value_counts().index[:_MOST_FOLDERS]
    if source.nunique() > 1:
        for name in sorted(largest):
            yield "folder", str(name), np.asarray(source == name)


def _figures(hits: NDArray[np.bool_]) -> Accuracy:
    return Accuracy(n=len(hits), accuracy=float(hits.mean()), accuracy_ci95=wilson(int(hits.sum()), len(hits)))
