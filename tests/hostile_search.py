"""How the random searches of tests/hostile run: a few fixed examples in `make test`, thousands in `make prove`."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
COUNT = int(os.environ.get("MUTATIONS", "2000"))
MANY = settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
SECONDS, MEMORY = 20, 2 << 30  # seconds of a core: how long it takes beside other work says nothing

Try = Callable[[st.DataObject], None]


def search_a_little(try_one: Try) -> None:
    """Draw the same few examples each time."""

    @FEW
    @given(data=st.data())
    def each(data: st.DataObject) -> None:
        try_one(data)

    each()


def search_far(what: str, try_one: Try) -> None:
    """Draw `COUNT` examples, each within `SECONDS` of a core and all within `MEMORY`; print what they took."""
    slowest = 0.0

    @MANY
    @given(data=st.data())
    def each(data: st.DataObject) -> None:
        nonlocal slowest
        before = sum(os.times()[:4])
        try_one(data)
        taken = sum(os.times()[:4]) - before
        slowest = max(slowest, taken)
        assert taken < SECONDS

    each()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"\n{COUNT:,} mutations of {what}: the slowest took {slowest:.1f} s; {peak / 1e9:.2f} GB at most")
    assert peak < MEMORY
