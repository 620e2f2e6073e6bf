"""What must stay on one side of a split: copies of one photo, samples of one group, and whatever the two connect."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def merge_groups(samples: pd.DataFrame, groups: ArrayLike | None = None) -> NDArray[np.int64]:
    """Join what must stay together: identical files, duplicates, samples of one `group`, and what these connect.

    Args:
        samples: one row per sample; `digest` and `group` are used where it has them ("" for none).
        groups: (n,) int; samples of one number are duplicates of each other.

    Returns:
        (n,) int; samples of one number stay on one side. A sample with no ties has a number of its own.

    Raises:
        ValueError: `groups` has not one number per sample.
    """
    n = len(samples)
    ties = [_codes(samples[column]) for column in ("digest", "group") if column in samples]
    if groups is not None:
        numbers = np.asarray(groups)
        if numbers.shape != (n,):
            raise ValueError(f"{n} samples but group numbers of shape {numbers.shape}")
        ties.append(np.unique(numbers, return_inverse=True)[1].astype(np.int64))
    # A graph of samples and ties; what is connected stays together.
    rows, ends, size = [np.arange(0)], [np.arange(0)], n
    for codes in ties:
        tied = np.flatnonzero(codes >= 0)
        rows.append(tied)
        ends.append(codes[tied] + size)
        size += int(codes.max(initial=-1)) + 1
    edges = (np.concatenate(rows), np.concatenate(ends))
    graph = coo_array((np.ones(len(edges[0]), np.int8), edges), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component[:n], np.int64)


def _codes(column: pd.Series) -> NDArray[np.int64]:
    names = column.fillna("").astype(str)
    codes = pd.factorize(names)[0].astype(np.int64)
    codes[(names == "").to_numpy()] = -1
    return codes
