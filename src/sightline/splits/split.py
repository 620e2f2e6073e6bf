"""Train, val and test: seeded and stratified, with duplicates and groups whole, and given splits kept.

How a photo's side is drawn: each photo has a lasting key, the digest of its file (its path, before preflight). SHA-256
of the split seed and the key puts the photos of a class in a random order, in which the parts are filled; groups are
dealt first (see `allot.py`). So the same photos and the same seed give the same split on any machine, whatever their
names and the order of the rows, and no other setting moves it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.data.table import SPLITS
from sightline.errors import SightlineError, UsageError
from sightline.splits.cutting import FEWEST_PER_CLASS, FRACTIONS, ONE_EACH, Cut
from sightline.system.progress import note
from sightline.system.words import quoted

_NOTABLE, _ENOUGH = 0.05, 40  # shares that are so far off, of so many photos, are worth a line


def split(
    samples: pd.DataFrame, groups: ArrayLike | None = None, *, seed: int = 0, per_class: int | None = None
) -> pd.Series:
    """Say for each sample whether it is for training, validation or testing.

    A dataset without splits (or with a training part alone) is cut 70/15/15 in every class. Splits that it brings are
    kept; a lone missing `val` or `test` takes 15 % of `train`. Rows without a split among rows that have one join the
    part that their group is in, and are cut 70/15/15 otherwise.

    Args:
        samples: one row per sample: path, label, split ("" for none), group ("" for none) and, if known, digest.
        groups: (n,) int; samples of one number are duplicates of each other. They stay on one side, as do samples of
            one `group`, identical files, and whatever these ties connect.
        seed: the split seed, the only thing that moves the split.
        per_class: so many samples of each class are for training and validation (15 % of them), all others for testing.

    Returns:
        "train", "val" or "test" for each row, with the index of `samples`.

    Raises:
        SightlineError: a class has too few independent photos to be in every part, or is not in a part that was given.
        UsageError: `per_class` with a dataset that brings splits, or below 4.
    """
    require_possible(samples, per_class=per_class)
    cut = Cut.of(samples, groups, seed)
    given = samples["split"].to_numpy(dtype=object)
    brought = set(given) - {""}
    if per_class is not None:
        return cut.finished(cut.balanced(per_class), samples)
    if not brought or (brought == {"train"} and "" not in given):
        cut.require_groups(np.arange(len(samples)), 3, ONE_EACH)
        parts = np.full(len(samples), "", dtype=object)
        cut.deal_rest(parts, list(FRACTIONS.values()))
        _note_uneven(parts, cut)
        return cut.finished(parts, samples)

    parts = given.copy()
    if "" in given:
        cut.join_known(parts)
        cut.deal_rest(parts, list(FRACTIONS.values()))
    for part in ("val", "test"):
        if part not in parts:
            cut.carve(part, parts)
    return cut.finished(parts, samples)


def require_possible(
    samples: pd.DataFrame, *, per_class: int | None = None, folds: int | None = None, seed: int = 0
) -> None:
    """Stop where the listing of the photos tells already that they cannot be split as is asked.

    Args:
        samples: label and split of each sample.
        per_class: as for `split`.
        folds: into how many the photos outside test shall be dealt.
        seed: of the split; one other than 0 was asked for.

    Raises:
        UsageError: `per_class` with a dataset that brings splits, or below 4; a `seed` where nothing is split.
        SightlineError: there is no part to train on, or a class has too few photos.
    """
    counts = samples["label"].value_counts()
    brought = sorted({*samples["split"].unique()} - {""})
    if per_class is not None:
        if per_class < FEWEST_PER_CLASS:
            raise UsageError(
                f"--per-class {per_class}: give {FEWEST_PER_CLASS} or more; validation takes some of them."
            )
        if brought:
            raise UsageError("--per-class: this dataset brings its own splits, which are kept. Leave --per-class out.")
        if len(counts) and per_class >= counts.min():
            smallest = quoted(min(counts[counts == counts.min()].index))
            raise SightlineError(
                f"--per-class {per_class}: class {smallest} has only {counts.min()} photos,"
                f" and some must be left to test on. Try {max(FEWEST_PER_CLASS, round(0.85 * counts.min()))}."
            )
    if seed and brought == sorted(SPLITS) and folds is None and not (samples["split"] == "").any():
        raise UsageError(
            f"--split-seed {seed}: this dataset brings all of its splits, which are kept. Leave --split-seed out."
        )
    if brought and "train" not in brought and not (samples["split"] == "").any():
        raise SightlineError(
            f"The dataset has a {' and a '.join(brought)} part but none to train on.\n"
            "Add a train part, or name no splits at all to have it split anew."
        )
    if folds is not None:
        known = samples.loc[samples["split"] != "test", "label"].value_counts()
        few = known[known < folds]
        if len(few):
            raise SightlineError(
                f"--folds {folds}: class {quoted(few.index[0])} has only {few.iloc[0]} photos"
                " outside test, fewer than folds."
            )


def _note_uneven(parts: NDArray[np.object_], cut: Cut) -> None:
    if len(parts) < _ENOUGH:
        return
    sizes = {part: float((parts == part).mean()) for part in SPLITS}
    if any(abs(sizes[part] - share) > _NOTABLE for part, share in FRACTIONS.items()):
        shown = ", ".join(f"{part} {round(100 * size)} %" for part, size in sizes.items())
        tied = len(np.unique(cut.whole)) < len(parts)
        why = "Some groups are so large" if tied else "Some classes have so few photos"
        kept = "No group was broken up" if tied else "Each part has one of every class"
        note(f"{why} that the split is uneven: {shown}. {kept}.")
