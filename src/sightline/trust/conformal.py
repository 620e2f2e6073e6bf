"""Prediction sets: the classes that cannot be ruled out, holding the truth as often as was asked for.

Split conformal prediction with the plain probability as its score (LAC; Sadinle, Lei and Wasserman 2019): on average
the smallest sets of all methods that keep the promise, on real photos too (benchmarks/trust.md). A class is in the set
when its probability reaches a threshold, which is an exact finite-sample quantile of the probabilities that validation
photos gave to their truth.

The promise: for a new photo exchangeable with the validation photos, P(truth in set) >= coverage. With one threshold it
is an average over all photos; with one for each class (Vovk 2012) it holds for the photos of each class. Validation
photos also chose the epoch and the temperature, which makes the threshold a little hopeful; that is why coverage is
always measured on the test photos and printed beside what was asked.

Where no class reaches its threshold LAC leaves the set empty. An empty set helps nobody, so the likeliest classes are
taken together until their probabilities add up to the threshold: at least two. Sets only grow by this, so the promise
stands; a network that is right more often than the coverage asked for will cover more than was asked.
"""

from __future__ import annotations

import math

import numpy as np
import scipy  # its parts load when they are first used: answering needs none of them
from numpy.typing import ArrayLike, NDArray

_ENOUGH = 2  # times the photos that a promise needs, for a threshold of a class alone


def fit(probabilities: ArrayLike, labels: ArrayLike, coverage: float = 0.95) -> float:
    """The threshold that gives the coverage asked for, on average over all photos.

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
    _require(coverage)
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    return quantile(p[np.arange(len(y)), y], coverage)


def fit_by_class(probabilities: ArrayLike, labels: ArrayLike, coverage: float = 0.95) -> NDArray[np.float64]:
    """The thresholds (K,) that give each class the coverage asked for: `probabilities`, `labels` and errors as `fit`.

    A class with enough validation photos has a threshold of its own; see `clusters` for the others.
    """
    _require(coverage)
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    k, own = p.shape[1], p[np.arange(len(y)), y]
    groups = clusters(own, y, k, coverage)
    return np.array([quantile(own if group < 0 else own[groups[y] == group], coverage) for group in groups])


def clusters(own: ArrayLike, labels: ArrayLike, classes: int, coverage: float) -> NDArray[np.intp]:
    """Which classes share a threshold: the group number (K,) of each; -1 for that of all photos.

    A class with twice the validation photos that a promise needs, 38 for 95 %, stands alone (Mondrian prediction sets).
    Classes with fewer are grouped by how their scores are distributed (Ding and others 2023, "Class-conditional
    conformal prediction with many classes": k-means over quantiles, weighted by the root of the number). With fewer
    than one promise needs, 19 for 95 %, nobody knows that distribution, and the threshold of all photos has to do.

    Args:
        own: (n,) the probability that each validation photo gave its truth.
        labels: (n,) class numbers.
        classes: K.
        coverage: asked for.
    """
    scores, y = np.asarray(own, dtype=np.float64), np.asarray(labels)
    least = math.ceil(round(1 / (1 - coverage), 9)) - 1
    counts = np.bincount(y, minlength=classes)
    groups = np.where(counts >= _ENOUGH * least, np.arange(classes), -1)
    known = np.flatnonzero((counts >= least) & (groups < 0))
    if len(known):
        levels = [0.5, 0.6, 0.7, 0.8, 0.9, coverage]
        places = np.array([np.quantile(1 - scores[y == i], levels) for i in known])
        many = min(max(1, int(counts[known].sum()) // (_ENOUGH * least)), len(known))
        groups[known] = classes + _means(places, np.sqrt(counts[known]), many)
    return groups


def quantile(own: ArrayLike, coverage: float, floor: float = 0.0) -> float:
    """The exact finite-sample quantile of what photos (n,) gave their truth; `floor` where they are too few."""
    scores = np.sort(np.asarray(own, dtype=np.float64))
    rank = _rank(len(scores), coverage)
    return float(scores[rank - 1]) if rank else floor


def sets(probabilities: ArrayLike, threshold: ArrayLike) -> NDArray[np.bool_]:
    """Which classes (n, K) the set of each photo holds; never none.

    Args:
        probabilities: (n, K), calibrated as for `fit`.
        threshold: one for all classes, or (K,) one for each.
    """
    p, limits = np.asarray(probabilities, dtype=np.float64), np.asarray(threshold, dtype=np.float64)
    inside: NDArray[np.bool_] = p >= limits
    empty = ~inside.any(axis=1)
    if empty.any():
        order = np.argsort(-p[empty], axis=1, kind="stable")
        ranked = np.take_along_axis(p[empty], order, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked  # what the likelier classes reach without this one
        chosen = np.zeros_like(inside[empty])
        needed = np.broadcast_to(limits, p.shape)[empty]
        joins = before < np.take_along_axis(needed, order, axis=1)
        joins[:, :2] = True
        np.put_along_axis(chosen, order, joins, axis=1)
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


def _require(coverage: float) -> None:
    if not 0 < coverage < 1:
        raise ValueError(f"coverage {coverage}: must lie between 0 and 1, e.g. 0.95")


def _means(places: NDArray[np.float64], weights: NDArray[np.float64], many: int) -> NDArray[np.intp]:
    """Lloyd's k-means: the group of each row of `places`, from the rows furthest apart; the same for the same input."""
    centres = [places[int(np.argmin(places.sum(axis=1)))]]
    while len(centres) < many:
        away = np.min([((places - centre) ** 2).sum(axis=1) for centre in centres], axis=0)
        centres.append(places[int(np.argmax(away * weights))])
    middles = np.array(centres)
    for _ in range(50):
        nearest = ((places[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
        moved = np.array(
            [
                np.average(places[nearest == i], axis=0, weights=weights[nearest == i])
                if (nearest == i).any()
                else middle
                for i, middle in enumerate(middles)
            ]
        )
        if np.allclose(moved, middles):
            break
        middles = moved
    return np.asarray(nearest, dtype=np.intp)


def _rank(n: int, coverage: float) -> int:
    # The rounding keeps 10 * (1 - 0.9) = 0.9999… from losing a photo.
    return math.floor(round((n + 1) * (1 - coverage), 9))
