"""Damage is as strong as it says, the same twice, and costs a model what it must."""

import numpy as np
import pytest

from sightline.data.pixels import Pixels
from sightline.judging.robustness import DAMAGES, STRENGTHS, damage, robustness


def photos(n=200, size=48, seed=0):
    """Grey photos, half of them (class 1) brighter than the middle, with some grain."""
    generator = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    level = np.where(truth, 170, 90)[:, None, None, None]
    return np.clip(level + generator.normal(0, 12, (n, size, size, 3)), 0, 255).astype(np.uint8), truth


class Brightness:
    """A model that calls a photo 1 when it is brighter than 130: only darkening can fool it."""

    def outputs(self, pixels):
        bright = (pixels.mean(axis=(1, 2, 3)) > 130).astype(float)
        return type("Outputs", (), {"probabilities": np.stack([1 - bright, bright], axis=1)})


def test_only_the_dark_hurts_a_model_that_looks_at_brightness():
    pixels, truth = photos()
    found = robustness(Brightness(), Pixels(pixels), truth)
    assert (found.n, found.clean) == (200, 1.0)
    assert [(row.change, row.strength) for row in found.rows] == [(c, s) for c in DAMAGES for s in STRENGTHS]
    for row in found.rows:
        expected = 0.5 if row.change == "darkening" else 1.0
        assert row.accuracy == expected
        assert row.lost == pytest.approx(1 - expected)
        low, high = row.lost_ci95
        assert low <= row.lost <= high and row.accuracy_ci95[0] <= expected <= row.accuracy_ci95[1]


def test_a_slow_model_is_tried_on_fewer_photos():
    pixels, truth = photos()
    assert robustness(Brightness(), Pixels(pixels), truth, seconds=0).n == 60
    assert robustness(Brightness(), Pixels(pixels), truth, most=80).n == 80


@pytest.mark.parametrize("change", list(DAMAGES))
def test_each_strength_is_worse_than_the_last_and_the_same_twice(change):
    photo = photos(1, 64)[0][0]
    photo[20:40, 10:50] = (200, 60, 30)
    away = [np.abs(damage(photo, change, s, 1).astype(int) - photo).mean() for s in DAMAGES[change]]
    assert 0 < away[0] < away[1] < away[2]
    for setting in DAMAGES[change]:
        worse = damage(photo, change, setting, 1)
        assert worse.shape == photo.shape and worse.dtype == np.uint8
        assert np.array_equal(worse, damage(photo, change, setting, 1))


def test_known_damage():
    photo = np.full((64, 64, 3), 200, np.uint8)
    assert (damage(photo, "darkening", 0.35) == 70).all()
    assert damage(photo, "noise", 10, 3).std() == pytest.approx(10, rel=0.05)
    assert (damage(photo, "rotation", 10) == 200).all()  # mirrored corners, no black wedges
    edge = photo.copy()
    edge[:, 32:] = 0
    turned = damage(edge, "rotation", 10)
    assert turned[2, 32].mean() != turned[61, 32].mean()
    with pytest.raises(ValueError, match="fog"):
        damage(photo, "fog", 1)
