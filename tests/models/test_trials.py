"""Ways take turns, medians are compared, and the first stays unless another is clearly faster."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sightline.models import trials
from sightline.models.trials import Trials, take_turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that only moves when it is told to."""
    now = [0.0]
    monkeypatch.setattr(trials.time, "perf_counter", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_they_take_turns_and_one_bad_moment_decides_nothing(clock: Callable[[float], None]) -> None:
    order: list[str] = []

    def way(name: str, usual: float, at_the_third: float) -> Callable[[], None]:
        def call() -> None:
            order.append(name)
            clock(at_the_third if order.count(name) == 3 else usual)

        return call

    found = take_turns({"a": way("a", 0.2, 0.2), "b": way("b", 0.1, 9.0)}, most_seconds=100)
    assert order == ["a", "b"] * 6  # the first of each does not count
    assert found.seconds == pytest.approx({"a": 0.2, "b": 0.1})
    assert found.fastest() == "b"


def test_slow_ways_are_timed_twice(clock: Callable[[float], None]) -> None:
    calls: list[int] = []

    def slow() -> None:
        calls.append(1)
        clock(10)

    take_turns({"slow": slow}, most_seconds=3)
    assert len(calls) == 3


def test_a_hopelessly_slow_way_is_timed_once(clock: Callable[[float], None]) -> None:
    order: list[str] = []

    def way(name: str, seconds: float) -> Callable[[], None]:
        return lambda: (order.append(name), clock(seconds))[1]

    found = take_turns({"first": way("first", 0.1), "emulated": way("emulated", 2.0)}, most_seconds=100)
    assert order.count("emulated") == 2  # the one that does not count, and one that does
    assert order.count("first") == 6
    assert found.fastest() == "first"


def test_the_first_stays_unless_another_is_faster_by_the_margin() -> None:
    found = Trials({"first": 1.0, "second": 0.95}, under_load=False)
    assert found.fastest() == "second"
    assert found.fastest(1.1) == "first"
