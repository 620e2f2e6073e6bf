"""Two classes as a test is read: how many of the sick are found and of the healthy let go, at which threshold.

Scores and truths in, figures with intervals out. Shares have Wilson's interval. The area under the ROC curve has
that of DeLong and others (1988) on the logit scale, or where all scores are in order Newcombe's (2006, part 2,
method 5), since DeLong's has no width there. Average precision has the bootstrap's, none narrower than the binomial
one of Boyd, Eng and Page (2013), whose number of trials is that of the positives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from sightline.trust.intervals import bootstrap, wilson

Interval = tuple[float, float]


@dataclass(frozen=True)
class Counts:
    """What a threshold makes of the photos."""

    found: int
    """Positives called so."""
    missed: int
    """Positives let go."""
    alarms: int
    """Others called positive."""
    passed: int
    """Others let go."""


def counts(score: ArrayLike, truth: ArrayLike, threshold: float) -> Counts:
    """What calling every score (n,) at or above `threshold` positive makes of them, by their truth (n,) bool."""
    called, positive = np.asarray(score) >= threshold, np.asarray(truth, dtype=bool)
    return Counts(
        int((called & positive).sum()), int((~called & positive).sum()),
        int((called & ~positive).sum()), int((~called & ~positive).sum()),
    )  # fmt: skip


def youden(score: ArrayLike, truth: ArrayLike) -> float | None:
    """The threshold with the largest sensitivity + specificity (Youden 1950), half-way to the next score below it.

    None where there is only one class to choose on.
    """
    s, y = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=bool)
    if y.all() or not y.any():
        return None
    at = np.unique(s)[::-1]
    found = np.searchsorted(np.sort(-s[y]), -at, side="right") / y.sum()
    false = np.searchsorted(np.sort(-s[~y]), -at, side="right") / (~y).sum()
    place = int(np.argmax(found - false))
    return float(at[place] + at[place + 1]) / 2 if place + 1 < len(at) else float(at[place])


def at_sensitivity(score: ArrayLike, truth: ArrayLike, wanted: float) -> float | None:
    """The highest threshold that finds the share `wanted` of positives like these, on average over new photos.

    The exact finite-sample quantile of the positives' scores, as for prediction sets (`trust.conformal`). None where
    they are too few to promise so much: 95 % needs 19.
    """
    s = np.sort(np.asarray(score, dtype=np.float64)[np.asarray(truth, dtype=bool)])
    rank = math.floor(round((len(s) + 1) * (1 - wanted), 9))
    return float(s[rank - 1]) if rank else None


def auc(score: ArrayLike, truth: ArrayLike, level: float = 0.95) -> tuple[float, Interval]:
    """The area under the ROC curve and its interval: how often a positive scores above another photo.

    Args:
        score: (n,), higher for the positives.
        truth: (n,) bool, with some of both.
        level: of the interval.
    """
    s, y = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=bool)
    positive, other = s[y], s[~y]
    m, n = len(positive), len(other)
    above = (_ranks_below(positive, other)) / n  # of each positive: the share of others below it
    below = 1 - _ranks_below(other, positive) / m
    area = float(above.mean())
    z = float(scipy.stats.norm.isf((1 - level) / 2))
    variance = (above.var(ddof=1) / m if m > 1 else 0.0) + (below.var(ddof=1) / n if n > 1 else 0.0)
    if not 0 < area < 1 or variance <= 0:
        return area, _newcombe(area, m, n, z)
    logit, half = math.log(area / (1 - area)), z * math.sqrt(variance) / (area * (1 - area))
    return area, (float(scipy.special.expit(logit - half)), float(scipy.special.expit(logit + half)))


def average_precision(
    score: ArrayLike, truth: ArrayLike, groups: ArrayLike | None = None, draws: int = 1000
) -> tuple[float, Interval]:
    """The mean precision over all thresholds, weighted by the recall that each adds; and its interval.

    Args:
        score: (n,), higher for the positives.
        truth: (n,) bool, with some of both.
        groups: (n,) which photos belong together; None: each stands for itself.
        draws: of the bootstrap.
    """
    s, y = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=bool)
    whole = _precision(s, y)
    low, high = bootstrap(lambda rows: _precision(s[rows], y[rows]) if y[rows].any() else whole, len(s), groups, draws)
    floor = wilson(whole * y.sum(), int(y.sum()))
    return whole, (min(float(low), floor[0]), max(float(high), floor[1]))


def _precision(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    order = np.argsort(-score, kind="stable")
    s, hits = score[order], np.cumsum(truth[order])
    last = np.append(s[1:] != s[:-1], True)  # photos with one score are called together
    found, called = hits[last], np.flatnonzero(last) + 1
    return float(min(1.0, np.sum(np.diff(found, prepend=0) * found / called) / max(hits[-1], 1)))


def _ranks_below(these: NDArray[np.float64], those: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each of `these`: how many of `those` lie below it, an equal one for half."""
    ranked = np.sort(those)
    return (np.searchsorted(ranked, these, "left") + np.searchsorted(ranked, these, "right")) / 2


def _newcombe(area: float, m: int, n: int, z: float) -> Interval:
    middle = (m + n) / 2 - 1

    def excess(theta: float) -> float:
        variance = theta * (1 - theta) * (1 + middle * (1 - theta) / (2 - theta) + middle * theta / (1 + theta))
        return float((theta - area) ** 2 * m * n - z * z * variance)

    low = scipy.optimize.brentq(excess, 1e-12, min(area, 1 - 1e-9)) if area > 0 and excess(1e-12) > 0 else 0.0
    high = scipy.optimize.brentq(excess, max(area, 1e-9), 1 - 1e-12) if area < 1 and excess(1 - 1e-12) > 0 else 1.0
    return float(min(low, area)), float(max(high, area))
