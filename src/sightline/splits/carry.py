"""Splitting a dataset that has grown since an earlier run: whoever had a side keeps it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.data.table import SPLITS
from sightline.splits.cutting import FRACTIONS, Cut


def carry(
    previous: pd.DataFrame, samples: pd.DataFrame, groups: ArrayLike | None = None, *, seed: int = 0
) -> pd.Series:
    """Split a dataset that has grown since an earlier run: every old sample stays where it was.

    Old samples are known by their digest (and by their path, where several files are identical). New ones keep the
    split that the dataset brings for them; else they join the part that holds a copy or the rest of their group; and
    the others are dealt out so that each class comes to the proportions of the earlier run: 70/15/15, or what the
    splits that it was given made of it.

    Args:
        previous: the earlier run's samples: path, digest, split.
        samples: as for `split`, with digest.
        groups: as for `split`.
        seed: as for `split`.

    Returns:
        As `split`.

    Raises:
        SightlineError: a new class has too few independent photos to be in every part.
    """
    cut = Cut.of(samples, groups, seed)
    parts = samples["split"].to_numpy(dtype=object).copy()
    old = _old_parts(previous, samples)
    parts[old != ""] = old[old != ""]
    cut.join_known(parts)
    cut.deal_rest(parts, _proportions(previous, len(cut.classes)))
    return cut.finished(parts, samples)


def _proportions(previous: pd.DataFrame, classes: int) -> list[float]:
    """70/15/15 if the earlier run had that, give or take a photo per class, or else what it had.

    Not always what it had: rounding would then add up from run to run, and photos that come one by one all go to train.
    """
    if not len(previous):
        return list(FRACTIONS.values())
    sizes = [float((previous["split"] == part).mean()) for part in SPLITS]
    slack = max(0.02, classes / len(previous))
    usual = list(FRACTIONS.values())
    return usual if all(abs(size - share) <= slack for size, share in zip(sizes, usual, strict=True)) else sizes


def _old_parts(previous: pd.DataFrame, samples: pd.DataFrame) -> NDArray[np.object_]:
    """The split that each sample had, "" for new ones."""
    exact: dict[tuple[str, str], str] = {}
    by_digest: dict[str, str] = {}
    # Identical files on several sides, and renamed since: what was ever tested on is not trained on, so later ones win.
    for part in SPLITS:
        rows = previous[previous["split"] == part]
        for path, digest in zip(rows["path"], rows["digest"], strict=True):
            exact[path, digest] = part
            by_digest[digest] = part
    known = [
        exact.get((path, digest)) or by_digest.get(digest, "")
        for path, digest in zip(samples["path"], samples["digest"], strict=True)
    ]
    return np.array(known, dtype=object)
