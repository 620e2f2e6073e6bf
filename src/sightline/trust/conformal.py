"""Prediction sets: the classes that cannot be ruled out, holding the truth as often as was asked for.

Split conformal prediction with the plain probability as its score (LAC; Sadinle, Lei and Wasserman 2019): on average
the smallest sets of all methods that keep the promise. A class is in the set when its probability reaches a threshold,
and the threshold is an exact finite-sample quantile of the probabilities that validation photos gave to their truth.

The promise: for a new photo exchangeable with the validation photos, P(truth in set) >= coverage. It is an average over
all photos, not a promise for each class. Validation photos also chose the epoch and the temperature, which makes the
threshold a little hopeful; that is why coverage is always measured on the test photos and printed beside what was
asked.

Where no class reaches the threshold LAC leaves the set empty. An empty set helps nobody, so the likeliest classes are
taken together until their probabilities add up to the threshold: at least two. Sets only grow by this, so the promise
stands; a network that is right more often than the coverage asked for will cover more than was asked.
"""

from __future__ import annotations

import math

import numpy as np
import scipy  # its parts load when they are first used: answering needs none of them
from numpy.typing import ArrayLike, NDArray


def fit(probabilities: ArrayLike, labels: ArrayLike, coverage: float = 0.95) -> float:
    """The threshold that gives the coverage asked for.

    Args:
        probabilities: (n, K) calibrated probabilities of the validation photos.
        labels: (n,) their class numbers.
        coverage: how often the set must hold the truth, between 0 and 1.

    Returns:
        The threshold in 0–1. It is 0, and every set holds all classes, where there are too few photos to promise
        anything smaller: 95 % needs at least 19.

    Raises:
        ValueError: `coverage` does not lie between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage {coverage}: must lie between 0 and 1, e.g. 0.95")
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    rank = _rank(len(y), coverage)
    return float(np.sort(p[np.arange(len(y)), y])[rank - 1]) if rank else 0.0


def sets(probabilities: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Which classes (n, K) the set of each photo holds; never none. `probabilities` (n, K), calibrated as for `fit`."""
    p = np.asarray(probabilities, dtype=np.float64)
    inside: NDArray[np.bool_] = p >= threshold
    empty = ~inside.any(axis=1)
    if empty.any():
        order = np.argsort(-p[empty], axis=1, kind="stable")
        ranked = np.take_along_axis(p[empty], order, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked  # what the likelier classes reach without this one
        chosen = np.zeros_like(inside[empty])
        np.put_along_axis(chosen, order, before < threshold, axis=1)
        inside[empty] = chosen
    return inside


def coverage(inside: ArrayLike, labels: ArrayLike) -> float:
    """The share of photos whose set `inside` (n, K) holds the truth.

    Raises:
        ValueError: there are no photos.
    """
    y = np.asarray(labels)
    if not len(y):
        raise ValueError("coverage: there are no samples")
    return float(np.asarray(inside, dtype=bool)[np.arange(len(y)), y].mean())


def least_coverage(validation: int, tested: int, asked: float = 0.95, level: float = 0.05) -> float:
    """The coverage that chance alone goes below on `level` of all test sets.

    The number covered of `tested` photos follows a beta-binomial law (Angelopoulos and Bates 2021, section 3.2),
    because both the threshold and the count are drawn. Measured coverage below this speaks against the promise.
    """
    rank = _rank(validation, asked)
    if rank == 0:
        return 1.0
    return float(scipy.stats.betabinom.ppf(level, tested, validation + 1 - rank, rank)) / tested


def _rank(n: int, coverage: float) -> int:
    # The rounding keeps 10 * (1 - 0.9) = 0.9999… from losing a photo.
    return math.floor(round((n + 1) * (1 - coverage), 9))
