"""What must stay together: duplicates, groups, identical files, and what they connect."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.splits.together import merge_groups


def table(groups, digests=None):
    samples = pd.DataFrame({"path": [f"{i}.jpg" for i in range(len(groups))], "group": groups})
    return samples if digests is None else samples.assign(digest=digests)


def same(numbers, *rows):
    return len({int(numbers[row]) for row in rows}) == 1


def test_a_chain_of_duplicates_and_groups_is_one_group():
    merged = merge_groups(table(["p1", "p1", "p2", "p2", "", ""]), [0, 1, 1, 2, 3, 4])
    assert same(merged, 0, 1, 2, 3)
    assert len(set(merged)) == 3


def test_no_group_and_no_duplicates_tie_nothing():
    assert len(set(merge_groups(table(["", "", None])))) == 3


def test_identical_files_are_tied_even_if_nobody_looked_for_duplicates():
    merged = merge_groups(table(["", "", "", ""], ["aa", "bb", "aa", ""]))
    assert same(merged, 0, 2)
    assert len(set(merged)) == 3


def test_the_group_numbers_must_fit():
    with pytest.raises(ValueError, match="3 samples"):
        merge_groups(table(["", "", ""]), [0, 1])


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(0, 5)), min_size=1, max_size=40))
def test_merging_is_the_transitive_closure(rows):
    names, numbers = [name for name, _ in rows], [number for _, number in rows]
    merged = merge_groups(table(names), numbers)
    want = list(range(len(rows)))  # the slow way: join until nothing changes
    changed = True
    while changed:
        changed = False
        for i, (a, m) in enumerate(rows):
            for j, (b, n) in enumerate(rows):
                if (m == n or (a and a == b)) and want[i] != want[j]:
                    want = [min(want[i], want[j]) if w in (want[i], want[j]) else w for w in want]
                    changed = True
    assert np.array_equal(np.equal.outer(merged, merged), np.equal.outer(want, want))
