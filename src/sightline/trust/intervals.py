"""How far a measured figure may lie from the truth, and whether the difference of two figures could be chance.

Proportions take the Wilson score interval (Wilson 1927; recommended by Brown, Cai and DasGupta 2001): unlike the
textbook interval it keeps its promise for small samples and near 0 and 1. Figures that are no plain proportion take
the percentile bootstrap (Efron 1979) over groups, because two shots of one scene are not two independent photos.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy  # its parts load when they are first used: answering needs none of them
from numpy.typing import ArrayLike, NDArray

Statistic = Callable[[NDArray[np.intp]], Any]


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a proportion.

    Args:
        successes: how many of the `n` trials succeeded, 0 to `n`.
        n: the number of independent trials; with none the answer is (0, 1).
        level: how often the interval must hold the true proportion, between 0 and 1.

    Returns:
        (low, high), both in 0–1.

    Raises:
        ValueError: `successes` is not between 0 and `n`, or `level` not between 0 and 1.
    """
    if not 0 <= successes <= n or not 0 < level < 1:
        raise ValueError(f"wilson({successes}, {n}, {level}): needs 0 <= successes <= n and 0 < level < 1")
    if n == 0:
        return 0.0, 1.0
    z = float(scipy.stats.norm.isf((1 - level) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding must not put 0 of n above 0, nor n of n below 1.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return float(low), float(high)


def newcombe(a: tuple[float, float], b: tuple[float, float], level: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two independent proportions, `b` minus `a`, from Wilson's of each.

    Newcombe's hybrid score interval (1998, method 10).

    Args:
        a: (successes, n) of the first.
        b: (successes, n) of the second.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: as `wilson`.
    """
    (low_a, high_a), (low_b, high_b) = wilson(*a, level), wilson(*b, level)
    share_a, share_b = (hits / n if n else 0.5 for hits, n in (a, b))
    below = float(np.hypot(share_b - low_b, high_a - share_a))
    above = float(np.hypot(high_b - share_b, share_a - low_a))
    return share_b - share_a - below, share_b - share_a + above


def paired_shares(gained: int, lost: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two shares of the same `n` samples, of which they part on `gained` and `lost`.

    Bonett and Price's adjusted Wald interval (2012): unlike the bootstrap it has a width where the two never part.
    """
    z = float(scipy.stats.norm.isf((1 - level) / 2))
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = z * float(np.sqrt((up + down - (up - down) ** 2) / (n + 2)))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def bootstrap(
    statistic: Statistic,
    n: int,
    groups: ArrayLike | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The percentile bootstrap interval of any figure of `n` samples.

    Args:
        statistic: takes row numbers (m,), with repeats, and returns the figure of those rows: a number or an array.
            It must be finite for any rows that can be drawn.
        n: the number of samples, at least 1.
        groups: (n,) which rows belong together (duplicates, one scene). Whole groups are drawn, so that copies of one
            photo count once. Without it every row stands for itself.
        draws: how many resamples.
        seed: of the resampling.
        level: of the interval, between 0 and 1.

    Returns:
        (low, high), each of the shape that `statistic` returns.

    Raises:
        ValueError: there are no samples, or not as many groups as samples.
    """
    if n < 1:
        raise ValueError("bootstrap: there are no samples")
    generator = np.random.default_rng(seed)
    if groups is None:
        figures = [statistic(generator.integers(0, n, n)) for _ in range(draws)]
    else:
        _, code = np.unique(np.asarray(groups), return_inverse=True)
        if len(code) != n:
            raise ValueError(f"bootstrap: {len(code)} groups for {n} samples")
        of_group = int(code.max()) + 1
        rows = np.arange(n)
        figures = []
        for _ in range(draws):
            times = np.bincount(generator.integers(0, of_group, of_group), minlength=of_group)
            figures.append(statistic(np.repeat(rows, times[code])))
    low, high = np.quantile(np.asarray(figures, dtype=np.float64), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def mcnemar(a_right: ArrayLike, b_right: ArrayLike) -> float:
    """Could the difference between two classifiers on the same samples be chance?

    The exact form of McNemar's test (1947): among the samples that only one of the two got right, each is equally
    likely to be that one. No large-sample approximation is needed at any size.

    Args:
        a_right: (n,) bool, whether the first classifier was right on each sample.
        b_right: (n,) bool, the same of the second, for the same samples in the same order.

    Returns:
        The two-sided p-value in 0–1; 1 where they never differ.

    Raises:
        ValueError: the two differ in length.
    """
    a, b = np.asarray(a_right, dtype=bool), np.asarray(b_right, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"mcnemar: {a.shape} against {b.shape}; both must judge the same samples")
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(~a & b))
    return min(1.0, 2.0 * float(scipy.stats.binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)))


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    groups: ArrayLike | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """The mean of `b` minus the mean of `a` over the same samples, with its interval.

    Args:
        a: (n,) one number per sample for the first classifier: right or not, loss, …
        b: (n,) the same for the second.
        groups: (n,) which rows belong together, as in `bootstrap`.
        draws: how many resamples.
        seed: of the resampling.
        level: of the interval, between 0 and 1.

    Returns:
        (difference, low, high). An interval that holds 0 says that the difference could be chance.

    Raises:
        ValueError: as `bootstrap`.
    """
    difference = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    low, high = bootstrap(lambda rows: difference[rows].mean(), len(difference), groups, draws, seed, level)
    return float(difference.mean()), float(low), float(high)
