"""Which of several ways is faster: each is tried in turn, again and again, and the medians are compared.

In turn, because what else the machine does then slows all of them alike; the median, because it slows some trials more
than others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from sightline.system.load import Neighbours


@dataclass(frozen=True)
class Trials:
    """What came out."""

    seconds: dict[str, float]
    """The median of each way."""
    under_load: bool
    """Whether other programs kept the machine busy meanwhile."""

    def fastest(self, margin: float = 1.0) -> str:
        """The fastest way; the first stays unless another is faster by this factor."""
        first = next(iter(self.seconds))
        best = min(self.seconds, key=lambda name: self.seconds[name])
        return best if self.seconds[best] * margin < self.seconds[first] else first


_HOPELESS = 3.0
"""A way that takes so many times as long as the best one is not tried again."""


def take_turns(ways: Mapping[str, Callable[[], object]], *, rounds: int = 5, most_seconds: float = 3.0) -> Trials:
    """Time each way in turn, after one call of each that does not count; one that is hopelessly slow is timed once.

    Args:
        ways: what to call; the first is the one to beat.
        rounds: how often each is timed at most.
        most_seconds: no further round is begun after so long; what is not hopeless is timed twice at least.
    """
    for way in ways.values():
        way()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    neighbours, began = Neighbours(), time.perf_counter()
    for number in range(rounds):
        if number >= 2 and time.perf_counter() - began > most_seconds:
            break
        for name, way in ways.items():
            if number and taken[name][0] > _HOPELESS * min(times[0] for times in taken.values()):
                continue
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
    return Trials({name: median(times) for name, times in taken.items()}, neighbours.are_busy)


def rate(way: Callable[[], object], photos: int) -> float:
    """Photos a second, roughly, of a way that takes so many at once; its first call pays for setting up."""
    way()
    started = time.perf_counter()
    way()
    return photos / (time.perf_counter() - started)
