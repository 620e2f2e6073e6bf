"""Some of many, spread evenly: the first, the last, and what lies between at equal steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def evenly(count: int, most: int, first: int = 0) -> NDArray[np.intp]:
    """At most `most` of the numbers from `first` to `count` - 1, ascending and each once.

    Args:
        count: how many things there are; with none the answer is empty.
        most: how many to keep, at least 1.
        first: where to begin.
    """
    if count <= first:
        return np.empty(0, dtype=np.intp)
    kept = np.linspace(first, count - 1, min(most, count - first)).round()
    return np.unique(kept.astype(np.intp))
