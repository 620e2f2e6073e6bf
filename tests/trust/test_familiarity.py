"""Strangers are told from the family, the family is kept as promised, and nothing is lost on disk."""

import numpy as np
import pytest
from safetensors.numpy import load, save

from sightline.trust import familiarity


def cloud(n, seed, centres=6, features=64, noise=0.5):
    """Photos of a few kinds: points around fixed centres."""
    middle = np.random.default_rng(99).normal(0, 1, (centres, features))
    generator = np.random.default_rng(seed)
    return (middle[generator.integers(0, centres, n)] + generator.normal(0, noise, (n, features))).astype(np.float32)


def strangers(n, seed, features=64):
    return np.random.default_rng(seed).normal(0, 1, (n, features)).astype(np.float32)


@pytest.fixture(scope="module")
def fitted():
    return familiarity.fit(cloud(2000, 0), cloud(1000, 1))


def test_the_family_is_kept_as_often_as_promised(fitted):
    assert fitted.familiar(cloud(1000, 1)).mean() == pytest.approx(0.95, abs=0.001)
    assert fitted.familiar(cloud(2000, 2)).mean() == pytest.approx(0.95, abs=0.02)


def test_strangers_are_told_apart(fitted):
    assert not fitted.familiar(strangers(500, 3)).any()
    assert fitted.score(strangers(500, 3)).min() > fitted.score(cloud(500, 4)).max()


def test_the_share_is_a_p_value(fitted):
    share = fitted.share(fitted.score(cloud(5000, 5)))
    assert share.min() > 0 and share.max() <= 1
    for level in (0.05, 0.25, 0.5):
        assert (share <= level).mean() == pytest.approx(level, abs=0.035)
    assert fitted.share(fitted.score(strangers(3, 6))).max() == pytest.approx(1 / 1001)


def test_it_survives_safetensors(fitted):
    again = familiarity.Familiarity.from_arrays(load(save(fitted.arrays())))
    photos = cloud(50, 7)
    assert np.array_equal(again.score(photos), fitted.score(photos)) and again.threshold == fitted.threshold


def test_what_is_no_table_is_refused(fitted):
    with pytest.raises(ValueError, match="bank"):
        familiarity.Familiarity.from_arrays({"distances": np.zeros(3)})
    with pytest.raises(ValueError, match="shape"):
        familiarity.Familiarity.from_arrays(fitted.arrays() | {"bank": np.zeros(3, np.float16)})


def test_the_bank_is_in_the_order_given(fitted):
    likeness = fitted.bank.astype(np.float32) @ (cloud(2000, 0)[7] / np.linalg.norm(cloud(2000, 0)[7]))
    assert fitted.bank.dtype == np.float16 and likeness.argmax() == 7


def test_broken_features_are_strangers(fitted):
    photos = cloud(3, 8)
    photos[0, 0], photos[1, 0] = np.nan, np.inf
    assert fitted.familiar(photos).tolist()[:2] == [False, False]
    assert np.isfinite(fitted.score(np.zeros((1, 64)))).all()


def test_one_training_photo_is_enough_to_start():
    fitted = familiarity.fit(cloud(1, 0), cloud(1, 1))
    assert fitted.score(cloud(4, 2)).shape == (4,)
    with pytest.raises(ValueError, match="needs"):
        familiarity.fit(cloud(1, 0)[:0], cloud(1, 1))
