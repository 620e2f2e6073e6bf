"""The nearest neighbours of many vectors by cosine: exact while that is quicker, through an index beyond."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 20_000  # below this a plain matrix product is quicker than building an index
_BLOCK = 1024


class Neighbours:
    """Answers "which k of these vectors are nearest?". The same vectors give the same answers, whatever the machine.

    Args:
        vectors: (n, d) float32 rows of length 1.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = np.ascontiguousarray(vectors, np.float32)
        self._index = None
        if len(vectors) > EXACT_UP_TO:
            from usearch.index import Index

            self._index = Index(
                ndim=vectors.shape[1], metric="ip", dtype="f16", connectivity=16, expansion_add=64, expansion_search=64
            )
            # One thread builds: with several the graph depends on who comes first, and a split must not.
            self._index.add(np.arange(len(vectors)), self.vectors, threads=1)

    def nearest(self, query: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest of each row of `query`, nearest first: row numbers (m, k) and cosines (m, k)."""
        k = min(k, len(self.vectors))
        if self._index is not None:
            matches = self._index.search(query, k)
            return matches.keys.reshape(-1, k).astype(np.int64), 1 - matches.distances.reshape(-1, k).astype(np.float32)
        near, cosine = np.empty((len(query), k), np.int64), np.empty((len(query), k), np.float32)
        for start in range(0, len(query), _BLOCK):
            rows = slice(start, start + _BLOCK)
            product = query[rows] @ self.vectors.T
            best = np.argpartition(-product, k - 1, axis=1)[:, :k]
            values = np.take_along_axis(product, best, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            near[rows], cosine[rows] = np.take_along_axis(best, order, 1), np.take_along_axis(values, order, 1)
        return near, cosine
