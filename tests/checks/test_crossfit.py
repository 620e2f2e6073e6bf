"""Copies do not vouch for each other, in the regression or as neighbours, and both judges are heard."""

from collections.abc import Callable

import numpy as np
import pytest

from sightline.checks import crossfit
from sightline.checks.crossfit import compact, nearest, out_of_sample

Clouds = Callable[..., tuple[np.ndarray, np.ndarray]]


def test_no_photo_judges_its_copy(clouds: Clouds) -> None:
    values, truth = clouds(300)
    values, truth = np.concatenate([values, values[:60]]), np.concatenate([truth, truth[:60]])
    groups = np.concatenate([np.arange(300), np.arange(60)])
    wrong = truth.copy()
    wrong[:30] = wrong[300:330] = (truth[:30] + 1) % 6  # a wrong label, and the same wrong label on the copy
    fold = crossfit._folds(wrong, groups, seed=0)
    assert (fold[300:] == fold[:60]).all()
    whole = compact(values)
    apart = out_of_sample(whole, wrong, groups, 6)[np.arange(30), wrong[:30]]
    together = out_of_sample(whole, wrong, np.arange(360), 6)[np.arange(30), wrong[:30]]
    assert apart.mean() < together.mean()


def test_a_copy_is_no_neighbour(clouds: Clouds) -> None:
    values, _ = clouds(300)
    whole = compact(np.concatenate([values, values[:60]]))
    groups = np.concatenate([np.arange(300), np.arange(60)])
    near = nearest(whole, groups)
    assert near.shape == (360, 10)
    assert (groups[near] != groups[:, None]).all()
    assert (nearest(whole, np.arange(360))[:60, 0] == np.arange(300, 360)).all()
    # A photo and its copy are equally near, so which of them comes first is chance.
    np.testing.assert_array_equal(np.sort(near[:60] % 300), np.sort(near[300:] % 300))


def test_the_label_of_a_photo_has_no_part_in_its_judgement(clouds: Clouds) -> None:
    values, truth = clouds(300)
    whole, groups = compact(values), np.arange(300)
    fold = crossfit._folds(truth, groups, seed=0)
    other = truth.copy()
    other[7] = (truth[7] + 6 // 2) % 6
    near = nearest(whole, groups)
    np.testing.assert_array_equal(
        crossfit._votes(near, truth, 6)[7], crossfit._votes(near, other, 6)[7]
    )  # the regression's folds hang on the labels, so only the votes can be compared to the last digit
    assert (near[7] != 7).all()
    assert len(np.unique(fold)) == crossfit.FOLDS


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_both_judges_know_more_than_one(clouds: Clouds, seed: int) -> None:
    values, truth = clouds(900, seed)
    whole, groups = compact(values), np.arange(900)
    alone = crossfit._regression(whole, truth, groups, 6, seed=0)
    pooled = out_of_sample(whole, truth, groups, 6)
    np.testing.assert_allclose(pooled.sum(axis=1), 1)

    def loss(p: np.ndarray) -> float:
        return float(-np.log(p[np.arange(900), truth]).mean())

    assert loss(pooled) < loss(alone)


def test_fewer_photos_than_neighbours(clouds: Clouds) -> None:
    values, truth = clouds(6)
    near = nearest(compact(values), np.array([0, 0, 1, 2, 3, 3]))
    assert near.shape == (6, 6)
    assert [(row >= 0).sum() for row in near] == [4, 4, 5, 5, 4, 4]
    assert (near == -1).any()
    np.testing.assert_allclose(crossfit._votes(near, truth, 6).sum(axis=1), 1)


def test_the_directions_carry_what_the_features_do(clouds: Clouds) -> None:
    values, _ = clouds(120)
    whole = compact(values)
    assert (whole.shape, whole.dtype) == ((120, 40), np.float32)
    assert (whole**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-4)
    assert (np.diff(whole.var(axis=0)) <= 1e-6).all(), "the widest first"
    scaled = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-3)
    distances = np.linalg.norm(scaled[:1] - scaled, axis=1) / np.linalg.norm(whole[:1] - whole, axis=1).clip(1e-9)
    np.testing.assert_allclose(distances[1:], distances[1], rtol=1e-3)
