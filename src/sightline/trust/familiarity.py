"""Is this photo anything like those the network was trained on?

The distance of a photo's features to its nearest neighbours among the training photos' features, on the unit sphere
(Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors"). It assumes no shape of the classes and
needs no examples of strange photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 2000
NEIGHBOURS = 5
_CHUNK = 1024


@dataclass(frozen=True)
class Familiarity:
    """What is kept of the training photos to recognise more of their kind."""

    bank: NDArray[np.float16]  # (m, F) unit vectors of at most 2,000 training photos
    distances: NDArray[np.float32]  # (v,) the validation photos' distances, ascending
    keep: float  # the share of validation photos that count as familiar

    @property
    def threshold(self) -> float:
        """The distance above which a photo is unfamiliar."""
        return float(np.quantile(self.distances, self.keep, method="inverted_cdf"))

    def score(self, embeddings: ArrayLike) -> NDArray[np.float32]:
        """The distance of each photo, 0 (a training photo) to 2 (opposite in every feature).

        Args:
            embeddings: (n, F) features of the photos from the same network.

        Returns:
            (n,) mean cosine distance to the nearest training photos; infinite where a feature is not a number.
        """
        photos = _unit(embeddings)
        bank = self.bank.astype(np.float32).T
        neighbours = min(NEIGHBOURS, bank.shape[1])
        result = np.empty(len(photos), dtype=np.float32)
        for start in range(0, len(photos), _CHUNK):
            with np.errstate(invalid="ignore"):
                likeness = photos[start : start + _CHUNK] @ bank
            nearest = np.partition(likeness, -neighbours, axis=1)[:, -neighbours:]
            result[start : start + _CHUNK] = 1 - nearest.mean(axis=1)
        return np.where(np.isfinite(result), np.maximum(result, 0), np.inf).astype(np.float32)

    def familiar(self, embeddings: ArrayLike) -> NDArray[np.bool_]:
        """Whether each photo (n, F) is as near to the training photos as `keep` of the validation photos are."""
        return self.score(embeddings) <= self.threshold

    def share(self, score: ArrayLike) -> NDArray[np.float64]:
        """How common a distance is: the share of validation photos at least as far away, in (0, 1].

        A conformal p-value: of photos like the validation photos, at most a share of x score below x.
        """
        nearer = np.searchsorted(self.distances, np.asarray(score), side="left")
        return np.asarray((len(self.distances) - nearer + 1) / (len(self.distances) + 1), dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, to be saved as safetensors."""
        return {
            "bank": self.bank,
            "distances": self.distances,
            "keep": np.array([self.keep], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Familiarity:
        """The opposite of `arrays`.

        Raises:
            ValueError: the arrays are not those of a Familiarity.
        """
        try:
            bank, distances = arrays["bank"].astype(np.float16), arrays["distances"].astype(np.float32)
            keep = float(arrays["keep"].reshape(-1)[0])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"not a familiarity table: {error} is missing") from error
        if bank.ndim != 2 or distances.ndim != 1 or not bank.size or not len(distances) or not 0 < keep <= 1:
            raise ValueError("not a familiarity table: the arrays have the wrong shape")
        if not (np.isfinite(bank).all() and np.isfinite(distances).all()):
            raise ValueError("not a familiarity table: it holds what is no number")
        if np.abs(bank).max() > 1.001 or distances[0] < 0 or (np.diff(distances) < 0).any():
            raise ValueError("not a familiarity table: the features are no unit vectors, or the distances not in order")
        return cls(bank, distances, keep)


def fit(train_embeddings: ArrayLike, val_embeddings: ArrayLike, keep: float = 0.95) -> Familiarity:
    """Learn what is familiar.

    Args:
        train_embeddings: (m, F) features of training photos, kept in this order; give at most MOST.
        val_embeddings: (v, F) features of the validation photos: they set the threshold, since the network has seen
            the training photos and lies nearer to them.
        keep: the share of validation photos that must count as familiar, in (0, 1].

    Raises:
        ValueError: there are no training or no validation photos.
    """
    train, val = np.asarray(train_embeddings, dtype=np.float32), np.asarray(val_embeddings, dtype=np.float32)
    if not len(train) or not len(val) or not 0 < keep <= 1:
        raise ValueError("familiarity needs training and validation photos, and keep in (0, 1]")
    unfitted = Familiarity(_unit(train).astype(np.float16), np.zeros(1, np.float32), keep)
    return Familiarity(unfitted.bank, np.sort(unfitted.score(val)), keep)


def _unit(embeddings: ArrayLike) -> NDArray[np.float32]:
    x = np.asarray(embeddings, dtype=np.float32)
    # Features that are not numbers stay so: `score` answers for them.
    with np.errstate(invalid="ignore", over="ignore"):
        unit: NDArray[np.float32] = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.float32(1e-12))
    return unit
