"""Some of many, spread evenly."""

import numpy as np
import pytest
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


@pytest.mark.parametrize(
    ("count", "most", "rows"),
    [(0, 5, []), (1, 5, [0]), (3, 5, [0, 1, 2]), (10, 1, [0]), (10, 2, [0, 9]), (9, 3, [0, 4, 8]), (5, 0, [])],
)
def test_rows_are_spread_from_the_first_to_the_last(count, most, rows):
    assert evenly(count, most).tolist() == rows
