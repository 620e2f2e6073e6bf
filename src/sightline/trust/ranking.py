"""Which is the most, the least, the best? Only what the numbers carry is ranked; and how many photos it would take.

Of many equals one is always on top. For counts that share one total (whose mistakes are they?) it is enough to hold the
winner against the runner-up in an exact two-sided test: Hung and Fithian (2019, "Rank verification for exponential
families") show that picking the winner first costs nothing more. Shares of groups of different sizes (recall, class by
class) have no such theorem. There one group is called the lowest or the highest when Fisher's exact test parts it from
each of the others, at a level divided by the number of groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # its parts load when they are first used: answering needs none of them
from numpy.typing import ArrayLike, NDArray

from sightline.trust.intervals import wilson

LEVEL = 0.05
_POWER = 0.8


def leader(counts: Sequence[int], level: float = LEVEL) -> int | None:
    """The place of the count that is shown to be the largest of all that share one total; None where none is.

    Args:
        counts: how many of the events fell to each, all 0 or more.
        level: how often a leader may be named where there is none.
    """
    if len(counts) < 2:
        return None
    order = sorted(range(len(counts)), key=lambda i: -counts[i])
    first, second = counts[order[0]], counts[order[1]]
    return order[0] if first > second and _unlike(first, second) < level else None


def lowest(right: ArrayLike, of: ArrayLike, level: float = LEVEL) -> int | None:
    """The place of the group whose share is shown to lie below that of each other group; None where none does.

    Args:
        right: (K,) how many of each group were right.
        of: (K,) how many there are in each; a group of none takes no part.
        level: how often a group may be named that is not the lowest.
    """
    hits, n = np.asarray(right, dtype=np.int64), np.asarray(of, dtype=np.int64)
    there = np.flatnonzero(n > 0)
    if len(there) < 2:
        return None
    place = int(there[np.argmin(hits[there] / n[there])])
    others = there[there != place]
    both = n[place] + n[others]
    # Fisher's exact test, one-sided: so few of the hits of both in this group, were the two alike.
    p = scipy.stats.hypergeom.cdf(hits[place], both, hits[place] + hits[others], n[place])
    return place if bool((p < level / len(there)).all()) else None


def highest(right: ArrayLike, of: ArrayLike, level: float = LEVEL) -> int | None:
    """As `lowest`, for the group above all others."""
    n = np.asarray(of, dtype=np.int64)
    return lowest(n - np.asarray(right, dtype=np.int64), n, level)


def photos_to_part(a: float, b: float, groups: int = 2, level: float = LEVEL) -> int | None:
    """How many photos of each of two groups would show that their shares differ, were they `a` and `b` in truth.

    The normal approximation, corrected for Fisher's exact test (Fleiss, Tytun and Ury 1980), for four chances
    in five of seeing it at the level that `lowest` uses for so many groups. None where the two are the same.
    """
    apart = abs(a - b)
    if apart < 1e-9:
        return None
    normal, middle = scipy.stats.norm, (a + b) / 2
    spread = float(normal.isf(level / groups)) * math.sqrt(2 * middle * (1 - middle))
    spread += float(normal.isf(1 - _POWER)) * math.sqrt(a * (1 - a) + b * (1 - b))
    n = (spread / apart) ** 2
    return math.ceil(n / 4 * (1 + math.sqrt(1 + 4 / (n * apart))) ** 2)


def events_to_part(first: int, second: int, level: float = LEVEL) -> float | None:
    """How many times as many events would show that `first` leads `second`, were their shares the same; None if equal.

    The normal approximation with its correction for the exact test, for four chances in five of seeing it.
    """
    if first <= second:
        return None
    normal, share = scipy.stats.norm, first / (first + second)
    spread = float(normal.isf(level / 2)) / 2 + float(normal.isf(1 - _POWER)) * math.sqrt(share * (1 - share))
    apart = share - 0.5
    n = (spread / apart) ** 2
    return n / 4 * (1 + math.sqrt(1 + 2 / (n * apart))) ** 2 / (first + second)


def effective(
    right: ArrayLike, of: ArrayLike, intervals: Sequence[tuple[float, float] | None]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts that independent photos would need for intervals as wide as those given.

    Twins among the photos make an interval wider than Wilson's of as many photos apart: the ratio of the widths,
    squared, is the design effect (Kish 1965), by which the counts shrink (Rao and Scott 1992).

    Args:
        right: (K,) how many of each group were right.
        of: (K,) how many there are in each.
        intervals: K of (low, high); None: the photos are independent.
    """
    hits, n = np.asarray(right, dtype=np.int64), np.asarray(of, dtype=np.int64)
    factor = np.ones(len(n))
    for i, known in enumerate(intervals):
        if known is None or not n[i]:
            continue
        low, high = wilson(min(int(hits[i]), int(n[i])), int(n[i]))
        width = known[1] - known[0]
        factor[i] = min(1.0, ((high - low) / width) ** 2) if width > 0 else 1.0
    fewer = np.floor(n * factor + 1e-9).astype(np.int64)
    share = hits / np.maximum(n, 1)
    return np.minimum(np.rint(share * fewer).astype(np.int64), fewer), fewer


def _unlike(first: int, second: int) -> float:
    return min(1.0, 2.0 * float(scipy.stats.binom.sf(first - 1, first + second, 0.5)))
