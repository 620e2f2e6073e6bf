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
from sightline.splits.allot import shares
from sightline.splits.cutting import FEWEST_PER_CLASS, LONE_PART, ONE_EACH, Cut
from sightline.splits.together import merge_groups
from sightline.system.progress import note

__all__ = ["FRACTIONS", "LONE_PART", "carry", "folds", "merge_groups", "split"]

FRACTIONS = {"train": 0.70, "val": 0.15, "test": 0.15}
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
    cut = Cut.of(samples, groups, seed)
    given = samples["split"].to_numpy(dtype=object)
    brought = set(given) - {""}
    if per_class is not None:
        if per_class < FEWEST_PER_CLASS:
            raise UsageError(
                f"--per-class {per_class}: give {FEWEST_PER_CLASS} or more; validation takes some of them."
            )
        if brought:
            raise UsageError("--per-class: this dataset brings its own splits, which are kept. Leave --per-class out.")
        return _finished(cut.balanced(per_class), cut, samples)
    if not brought or (brought == {"train"} and "" not in given):
        cut.require_groups(np.arange(len(samples)), 3, ONE_EACH)
        parts = np.full(len(samples), "", dtype=object)
        cut.deal_rest(parts, list(FRACTIONS.values()))
        _note_uneven(parts)
        return _finished(parts, cut, samples)

    parts = given.copy()
    if "" in given:
        cut.join_known(parts)
        cut.deal_rest(parts, list(FRACTIONS.values()))
    if "train" not in parts:
        raise SightlineError(
            f"The dataset has a {' and a '.join(sorted(brought))} part but none to train on.\n"
            "Add a train part, or name no splits at all to have it split anew."
        )
    for part in ("val", "test"):
        if part not in parts:
            cut.carve(part, parts)
    return _finished(parts, cut, samples)


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
    return _finished(parts, cut, samples)


def folds(samples: pd.DataFrame, groups: ArrayLike | None, k: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Stratified k-fold with whole groups.

    Every class is spread over the folds as evenly as its groups allow: to one sample, where none are large.

    Args:
        samples: as for `split`; its `split` column is not looked at.
        groups: as for `split`.
        k: how many folds, from 2.
        seed: the split seed.

    Returns:
        (n,) the fold 0…k-1 in which each sample is held out.

    Raises:
        UsageError: `k` is below 2.
        SightlineError: a class has too few independent photos to be in every fold.
    """
    if k < 2:
        raise UsageError(f"--folds {k}: give 2 or more.")
    cut = Cut.of(samples, groups, seed)
    rows = np.arange(len(samples))
    cut.require_groups(rows, k, f"--folds {k} needs {k}")
    turn, targets = 0, []
    for count in cut.counts(rows):
        targets.append(shares(count, [1.0] * k, least=1, turn=turn))
        turn = (turn + count) % k  # what is left over goes to the folds in turn, so that they come out equal
    fold = cut.deal(rows, targets, purpose="folds")
    for number, name in enumerate(cut.classes):
        if len(np.unique(fold[cut.labels == number])) < k:
            raise SightlineError(
                f"--folds {k}: class {name!r} cannot be in each without breaking up a group. Use fewer folds."
            )
    return fold


def _finished(parts: NDArray[np.object_], cut: Cut, samples: pd.DataFrame) -> pd.Series:
    cut.require_every_class(parts)
    return pd.Series(parts, index=samples.index, name="split", dtype="str")


def _note_uneven(parts: NDArray[np.object_]) -> None:
    sizes = {part: float((parts == part).mean()) for part in SPLITS}
    if len(parts) >= _ENOUGH and any(abs(sizes[part] - share) > _NOTABLE for part, share in FRACTIONS.items()):
        shown = ", ".join(f"{part} {round(100 * size)} %" for part, size in sizes.items())
        note(f"Some groups are so large that the split is uneven: {shown}. No group was broken up.")


def _proportions(previous: pd.DataFrame, classes: int) -> list[float]:
    """70/15/15 if the earlier run had that, give or take a photo per class, or else what it had.

    Not always what it had: rounding would then add up from run to run, and photos that come one by one all go to train.
    """
    sizes = [float((previous["split"] == part).mean()) for part in SPLITS]
    slack = max(0.02, classes / max(1, len(previous)))
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
