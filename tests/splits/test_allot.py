"""Dealing groups out to parts: exact sums, whole groups, near-exact proportions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.splits.allot import allot, shares


@given(
    st.integers(0, 5000),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=7),
    st.integers(0, 3),
    st.integers(0, 6),
)
def test_shares_add_up_and_are_off_by_less_than_one(count, fractions, least, turn):
    parts = shares(count, fractions, least=least, turn=turn)
    assert sum(parts) == count
    assert min(parts) >= 0
    if count >= least * len(fractions):
        assert min(parts) >= least
    if least == 0:
        exact = [count * fraction / sum(fractions) for fraction in fractions]
        assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


def test_shares_keeps_an_empty_part_empty():
    assert shares(10, [1, 0, 1], least=1) == [5, 0, 5]


def test_shares_gives_the_odd_one_out_in_turn():
    assert shares(4, [1, 1, 1]) == [2, 1, 1]
    assert shares(4, [1, 1, 1], turn=1) == [1, 2, 1]
    assert shares(5, [1, 1, 1], turn=2) == [2, 1, 2]


def test_samples_that_stand_alone_fill_the_targets_exactly():
    labels = np.repeat([0, 1], [100, 41])
    targets = [[70, 15, 15], [29, 6, 6]]
    dealt = allot(labels, np.arange(141), [str(i) for i in range(141)], targets, seed="0")
    assert [np.bincount(dealt[labels == c], minlength=3).tolist() for c in (0, 1)] == targets


def test_groups_that_fit_leave_the_targets_exact():
    # 30 pairs and 40 single photos of each of two classes.
    labels = np.repeat([0, 1], 100)
    groups = np.concatenate([np.repeat(np.arange(30), 2), np.arange(30, 70)])
    groups = np.concatenate([groups, groups + 70])
    targets = [[70, 15, 15], [70, 15, 15]]
    dealt = allot(labels, groups, [str(i) for i in range(200)], targets, seed="0")
    assert [np.bincount(dealt[labels == c], minlength=3).tolist() for c in (0, 1)] == targets
    assert all(len(set(dealt[groups == g])) == 1 for g in set(groups))


def test_large_groups_do_not_all_end_in_the_largest_part():
    labels = np.zeros(100, int)
    groups = np.concatenate([np.repeat(0, 10), np.arange(1, 91)])
    keys = [str(i) for i in range(100)]
    where = [allot(labels, groups, keys, [[70, 15, 15]], seed=str(seed))[0] for seed in range(60)]
    counts = np.bincount(where, minlength=3)
    assert counts.min() >= 3  # in proportion to the room: about 42, 9, 9


def test_descent_reaches_exact_parts_where_the_first_draw_does_not():
    # Groups of 7, 5 and 3 that only fit together in a few ways.
    sizes = [7] * 6 + [5] * 9 + [3] * 11
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.zeros(len(groups), int)
    targets = [[84, 18, 18]]
    for seed in range(10):
        dealt = allot(labels, groups, [str(i) for i in range(len(groups))], targets, seed=str(seed))
        assert np.abs(np.bincount(dealt, minlength=3) - targets[0]).max() <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=80), st.integers(0, 99))
def test_any_groups_stay_whole_and_row_order_does_not_matter(rows, seed):
    labels = np.array([label for label, _ in rows])
    groups = np.array([group for _, group in rows])
    keys = [f"photo {i}" for i in range(len(rows))]
    targets = [shares(int((labels == c).sum()), [0.7, 0.15, 0.15], least=1) for c in range(4)]
    dealt = allot(labels, groups, keys, targets, seed=str(seed))
    assert set(dealt) <= {0, 1, 2}
    assert all(len(set(dealt[groups == g])) == 1 for g in set(groups.tolist()))

    order = np.random.default_rng(seed).permutation(len(rows))
    again = allot(labels[order], groups[order] * 7 % 13, [keys[i] for i in order], targets, seed=str(seed))
    assert (again == dealt[order]).all()
