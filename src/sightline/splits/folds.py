"""k-fold: every sample is held out once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.errors import SightlineError, UsageError
from sightline.splits.allot import shares
from sightline.splits.cutting import Cut
from sightline.system.words import quoted


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
                f"--folds {k}: class {quoted(name)} cannot be in each without breaking up a group. Use fewer folds."
            )
    return fold
