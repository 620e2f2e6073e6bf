"""A quota for each client."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sightline.web.answering.quota import Quota


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_a_trickle() -> None:
    clock = Clock()
    quota = Quota(60, clock)
    assert [quota.spend("a") for _ in range(60)] == [0.0] * 60
    assert quota.spend("a") == 1.0  # in one second there is one more
    assert quota.spend("b") == 0.0  # another client is another matter
    clock.now = 1.0
    assert quota.spend("a") == 0.0


def test_no_limit() -> None:
    quota = Quota(0)
    assert not any(quota.spend("a", 1000) for _ in range(1000))


def test_more_than_a_minute_holds_needs_a_full_bucket_and_leaves_a_debt() -> None:
    clock = Clock()
    quota = Quota(60, clock)
    assert quota.spend("a", 90) == 0.0
    assert quota.spend("a", 1) == 31.0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 40)), max_size=60))
def test_nobody_gets_more_than_a_burst_and_the_rate(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    quota, given_away = Quota(60, clock), 0
    for wait, photos in steps:
        clock.now += wait
        if quota.spend("a", photos) == 0.0:
            given_away += photos
    assert given_away <= 60 + clock.now + 1e-6


def test_many_clients_do_not_fill_the_memory() -> None:
    quota = Quota(5)
    for number in range(10_500):
        quota.spend(f"client {number}")
    assert len(quota._buckets) <= 10_000
