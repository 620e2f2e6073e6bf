"""Some of many, spread evenly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sightline.system.thinning import evenly


@given(st.integers(0, 2000), st.integers(1, 300), st.integers(0, 50))
def test_ends_order_and_number(count: int, most: int, first: int) -> None:
    kept = evenly(count, most, first)
    assert len(kept) == min(most, max(count - first, 0))
    assert (np.diff(kept) > 0).all()
    if len(kept) > 1:
        assert kept[0] == first and kept[-1] == count - 1
        assert np.ptp(np.diff(kept)) <= 1
