"""What is called the most or the least is so, but for one time in twenty; what cannot be told apart is not ranked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sightline.trust import ranking
from sightline.trust.intervals import wilson

COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=7)
GROUPS = st.lists(
    st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=7
)


@given(COUNTS)
def test_a_leader_beats_every_other_in_the_exact_test(counts):
    place = ranking.leader(counts)
    if place is not None:
        for other, n in enumerate(counts):
            assert other == place or stats.binomtest(counts[place], counts[place] + n).pvalue < 0.05


@given(GROUPS)
def test_a_lowest_group_lies_below_every_other_by_fishers_test(groups):
    right, of = zip(*groups, strict=True)
    place = ranking.lowest(right, of)
    if place is not None:
        for other, (hits, n) in enumerate(groups):
            if other != place and n:
                table = [[right[place], of[place] - right[place]], [hits, n - hits]]
                assert stats.fisher_exact(table, alternative="less").pvalue < 0.05
    mirrored = ranking.highest([n - hits for hits, n in groups], of)
    assert mirrored == place


def test_ties_lead_nowhere():
    assert ranking.leader([1, 1, 1]) is None
    assert ranking.leader([9]) is None and ranking.leader([]) is None
    assert ranking.leader([12, 1, 0]) == 0
    assert ranking.lowest([22, 22, 24], [24, 24, 24]) is None
    assert ranking.lowest([5], [10]) is None


def test_equal_kinds_are_ranked_at_most_one_time_in_twenty():
    generator = np.random.default_rng(0)
    draws = generator.multinomial(40, [0.25] * 4, 1500)
    assert np.mean([ranking.leader(row.tolist()) is not None for row in draws]) < 0.05
    hits = generator.binomial(60, 0.9, (1500, 5))
    named = [ranking.lowest(row, [60] * 5) is not None or ranking.highest(row, [60] * 5) is not None for row in hits]
    assert np.mean(named) < 0.1  # two sentences, one time in twenty each


def test_as_many_photos_as_were_said_do_tell_four_times_in_five():
    generator = np.random.default_rng(1)
    n = ranking.photos_to_part(0.85, 0.95, groups=2)
    assert n is not None
    seen = [
        ranking.lowest([low, high], [n, n]) == 0
        for low, high in zip(generator.binomial(n, 0.85, 800), generator.binomial(n, 0.95, 800), strict=True)
    ]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.07)  # Fisher's test is a little strict
    times = ranking.events_to_part(6, 3)
    assert times is not None and times > 1
    first = generator.binomial(round(9 * times), 6 / 9, 800)
    seen = [ranking.leader([int(one), round(9 * times) - int(one)]) == 0 for one in first]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.07)
    assert ranking.photos_to_part(0.9, 0.9) is None and ranking.events_to_part(3, 3) is None


def test_twins_count_for_less():
    alone = wilson(80, 100)
    middle, half = sum(alone) / 2, alone[1] - alone[0]
    right, of = ranking.effective([80, 9], [100, 10], [(middle - half, middle + half), None])
    assert of.tolist() == [25, 10] and right.tolist() == [20, 9]
