"""k-fold: even, with whole groups."""

import numpy as np
import pandas as pd
import pytest

from samples import photos
from sightline.errors import SightlineError, UsageError
from sightline.splits.folds import folds


def test_folds_are_equal_to_one_sample_in_every_class_and_in_all():
    samples = photos({"a": 103, "b": 52, "c": 17})
    fold = folds(samples, None, 5)
    assert np.ptp(np.bincount(fold)) <= 1
    for label in "abc":
        assert np.ptp(np.bincount(fold[samples["label"] == label], minlength=5)) <= 1


def test_folds_keep_groups_whole_and_follow_only_the_seed():
    samples = photos({"a": 120, "b": 120})
    groups = np.arange(240) // 3
    fold = folds(samples, groups, 4)
    assert pd.Series(fold).groupby(groups).nunique().max() == 1
    assert (folds(samples, groups, 4) == fold).all()
    assert (folds(samples, groups, 4, seed=1) != fold).any()
    assert np.ptp(np.bincount(fold)) <= 3


def test_folds_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="2 or more"):
        folds(photos({"a": 9, "b": 9}), None, 1)
    with pytest.raises(SightlineError, match="'a' has 4 independent photos; --folds 5 needs 5"):
        folds(photos({"a": 4, "b": 9}), None, 5)


def test_no_rows_one_row_one_class():
    assert folds(photos({}), None, 3).tolist() == []
    with pytest.raises(SightlineError):
        folds(photos({"a": 1}), [0], 2)
    assert sorted(np.bincount(folds(photos({"a": 9}), None, 3))) == [3, 3, 3]
