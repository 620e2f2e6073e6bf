"""Does "90 % sure" mean right nine times in ten? Measuring it, and the one number that repairs it.

Temperature scaling (Platt 1999; Guo et al. 2017, "On Calibration of Modern Neural Networks"): logits are divided by
one temperature, fitted on validation photos. It never changes which class is likeliest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first used: answering needs none of them
from numpy.typing import ArrayLike, NDArray

from sightline.trust.intervals import wilson

BINS = 15
_COLDEST, _HOTTEST = 0.05, 20.0


def probabilities(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Logits (n, K) to probabilities (n, K), divided by the temperature first."""
    z = np.asarray(logits, dtype=np.float64) / temperature
    # Not scipy's softmax: it takes longer to load than most answers take.
    likelihoods: NDArray[np.float64] = np.exp(z - z.max(axis=1, keepdims=True, initial=-np.inf))
    likelihoods /= likelihoods.sum(axis=1, keepdims=True)
    return likelihoods


def retemper(calibrated: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """The probabilities (n, K) as they were before a temperature was applied: what "before" in a report means."""
    return probabilities(np.log(np.maximum(np.asarray(calibrated, dtype=np.float64), 1e-300)), 1 / temperature)


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature under which these labels are likeliest.

    One sample's worth of the labels is spread evenly over the classes (as Platt smoothed his targets): when the network
    is right on every photo the likeliest temperature would otherwise be 0, which is to claim certainty on the strength
    of a few photos.

    Args:
        logits: (n, K) validation logits.
        labels: (n,) class numbers, 0 to K - 1.

    Returns:
        The temperature, 0.05 to 20; above 1 where the network was too sure of itself. 1 where there are no photos.
    """
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    n = len(y)
    if n == 0 or z.shape[1] < 2:
        return 1.0
    # Mean loss is logsumexp(z / T) - (target . z) / T, so of the targets only their product with z matters.
    wanted = (n * z[np.arange(n), y] + z.mean(axis=1)) / (n + 1)

    def loss(log_temperature: float) -> float:
        cold = np.exp(-log_temperature)
        return float(np.mean(scipy.special.logsumexp(z * cold, axis=1) - wanted * cold))

    best = scipy.optimize.minimize_scalar(
        loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded", options={"xatol": 1e-6}
    )
    return float(np.exp(best.x))


@dataclass(frozen=True)
class Reliability:
    """One reliability diagram: arrays (bins,), NaN where a bin holds no photo."""

    edges: NDArray[np.float64]  # (bins + 1,)
    count: NDArray[np.intp]
    confidence: NDArray[np.float64]  # mean confidence of the photos in the bin
    accuracy: NDArray[np.float64]  # share of them that were right
    low: NDArray[np.float64]  # the Wilson interval of that share
    high: NDArray[np.float64]


def reliability(probabilities: ArrayLike, labels: ArrayLike, bins: int = BINS) -> Reliability:
    """Stated confidence against measured accuracy, in equal-width bins of the confidence of the likeliest class.

    Raises:
        ValueError: there are no samples.
    """
    confidence, right = _top(probabilities, labels)
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(where, minlength=bins)
    hits = np.bincount(where, weights=right, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(where, weights=confidence, minlength=bins) / count
        share = hits / count
    limits = np.array([wilson(h, c) if c else (np.nan, np.nan) for h, c in zip(hits, count, strict=True)])
    return Reliability(np.linspace(0, 1, bins + 1), count, mean, share, limits[:, 0], limits[:, 1])


def ece(probabilities: ArrayLike, labels: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error (Naeini et al. 2015), 0–1: how far confidence and accuracy lie apart on average.

    Args:
        probabilities: (n, K), rows summing to 1.
        labels: (n,) class numbers.
        bins: how many bins of equal width the confidence is sorted into.

    Raises:
        ValueError: there are no samples.
    """
    return _ece(*_top(probabilities, labels), bins)


def ece_by_chance(
    probabilities: ArrayLike, bins: int = BINS, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> float:
    """The ECE that a perfectly calibrated model would stay below in `level` of all test sets of this size.

    Even perfect probabilities measure an ECE above 0 on finitely many photos. Labels are drawn from the model's own
    probabilities, again and again (Vaicenavicius et al. 2019 call it consistency resampling). An ECE at or below this
    is no evidence against the calibration.

    Raises:
        ValueError: there are no samples.
    """
    p = _some(probabilities)
    confidence = p.max(axis=1)
    generator = np.random.default_rng(seed)
    # A label drawn from the probabilities is the likeliest class with exactly its confidence.
    chance = [_ece(confidence, generator.random(len(p)) < confidence, bins) for _ in range(draws)]
    return float(np.quantile(chance, level))


def brier(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Brier's score (1950) over all classes: mean squared distance to the truth, 0 (perfect) to 2.

    Raises:
        ValueError: there are no samples.
    """
    p = _some(probabilities)
    y = np.asarray(labels)
    return float(np.mean(np.sum(p * p, axis=1) - 2 * p[np.arange(len(y)), y] + 1))


def log_loss(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean negative log-likelihood of the true class in nats; a probability of 0 counts as 1e-12.

    Raises:
        ValueError: there are no samples.
    """
    p = _some(probabilities)
    y = np.asarray(labels)
    return float(-np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 1e-12))))


def _some(probabilities: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(probabilities, dtype=np.float64)
    if not p.size:
        raise ValueError("calibration: there are no samples")
    return p


def _top(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    p = _some(probabilities)
    return p.max(axis=1), p.argmax(axis=1) == np.asarray(labels)


def _ece(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> float:
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(where, weights=right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))
