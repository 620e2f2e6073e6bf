"""The sets hold the truth as often as promised, and are never empty."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import softmax

from sightline.trust import conformal


def drawn(n, seed, sharpness=2.0, classes=6):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    logits = generator.normal(0, 1, (n, classes)) + sharpness * np.eye(classes)[labels]
    return softmax(logits * 1.7, axis=1), labels  # 1.7: sure of itself beyond its merit; the promise holds all the same


@pytest.mark.parametrize("asked", [0.8, 0.9, 0.95, 0.99])
def test_coverage_on_2000_drawn_photos_is_within_chance(asked):
    threshold = conformal.fit(*drawn(1000, 0), asked)
    p, labels = drawn(2000, 1)
    inside = conformal.sets(p, threshold)
    covered = conformal.coverage(inside, labels)
    assert conformal.least_coverage(1000, 2000, asked, 0.001) <= covered
    assert covered <= conformal.least_coverage(1000, 2000, asked, 0.999) + 0.005


def test_coverage_is_exact_on_average_over_many_small_validation_sets():
    covered = []
    for seed in range(300):
        threshold = conformal.fit(*drawn(59, seed), 0.9)
        p, labels = drawn(200, 10_000 + seed)
        covered.append(conformal.coverage(conformal.sets(p, threshold), labels))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.012)


def test_a_chance_of_five_percent_falls_below_the_least_coverage():
    below = 0
    for seed in range(400):
        threshold = conformal.fit(*drawn(200, seed), 0.9)
        p, labels = drawn(400, 50_000 + seed)
        below += conformal.coverage(conformal.sets(p, threshold), labels) < conformal.least_coverage(200, 400, 0.9)
    assert 2 <= below <= 38


def test_the_quantile_is_exact_to_the_photo():
    p = np.stack([np.arange(1, 20) / 100, 1 - np.arange(1, 20) / 100], axis=1)
    # 19 photos just suffice for 95 %: the lowest of them is the threshold. 18 do not.
    assert conformal.fit(p, np.zeros(19, int), 0.95) == 0.01
    assert conformal.fit(p[:18], np.zeros(18, int), 0.95) == 0.0
    assert conformal.fit(p[:9], np.zeros(9, int), 0.9) == 0.01


def test_too_few_photos_rule_nothing_out():
    threshold = conformal.fit(*drawn(5, 0), 0.95)
    assert conformal.sets(drawn(3, 1)[0], threshold).all()
    assert conformal.least_coverage(5, 100) == 1.0


@given(
    arrays.arrays(float, st.tuples(st.integers(1, 20), st.integers(2, 8)), elements=st.floats(-20, 20)),
    st.floats(0, 1),
)
def test_no_set_is_empty_and_each_holds_the_likeliest(logits, threshold):
    p = softmax(logits, axis=1)
    inside = conformal.sets(p, threshold)
    assert inside[np.arange(len(p)), p.argmax(axis=1)].all()
    assert inside[p >= threshold].all()


def test_where_nothing_reaches_the_threshold_the_likeliest_share_it():
    inside = conformal.sets([[0.5, 0.3, 0.15, 0.05], [0.9, 0.05, 0.03, 0.02]], 0.7)
    assert inside.tolist() == [[True, True, False, False], [True, False, False, False]]


def test_a_coverage_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match="coverage"):
        conformal.fit(*drawn(50, 0), 95)


def uneven(n_of_class, seed):
    """Photos of which the last class is much harder than the others."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(n_of_class)), n_of_class)
    skill = np.where(labels == len(n_of_class) - 1, 1.0, 5.0)
    logits = generator.normal(0, 1, (len(labels), len(n_of_class))) + skill[:, None] * np.eye(len(n_of_class))[labels]
    return softmax(logits, axis=1), labels


def test_each_class_is_covered_as_asked_on_average_over_validation_sets():
    covered = {"all": [], "class": []}
    for seed in range(150):
        val, (p, labels) = uneven([40] * 4, seed), uneven([100] * 4, 10_000 + seed)
        for by, limits in (("all", conformal.fit(*val, 0.95)), ("class", conformal.fit_by_class(*val, 0.95))):
            inside = conformal.sets(p, limits)
            covered[by].append([conformal.coverage(inside[labels == i], labels[labels == i]) for i in range(4)])
    assert np.mean(covered["class"], axis=0).min() >= 0.945
    assert np.mean(covered["all"], axis=0).min() < 0.85, "the average hides the hard class"


def test_classes_with_few_photos_share_a_threshold():
    p, labels = uneven([100, 30, 30, 8, 30], 0)
    own = p[np.arange(len(labels)), labels]
    groups = conformal.clusters(own, labels, 5, 0.95)
    assert groups[0] == 0 and groups[3] == -1
    assert groups[1] == groups[2] != groups[4], "the hard one is not put together with the easy ones"
    limits = conformal.fit_by_class(p, labels, 0.95)
    assert limits[3] == conformal.fit(p, labels, 0.95)
    assert limits[1] == limits[2] and limits[4] < limits[1]
    assert (conformal.fit_by_class(*uneven([3, 3], 1), 0.95) == 0).all(), "six photos promise nothing smaller"


@given(
    arrays.arrays(np.float64, (5, 3), elements=st.floats(0.01, 1)),
    arrays.arrays(np.float64, 3, elements=st.floats(0, 1)),
)
def test_sets_with_a_threshold_for_each_class_are_never_empty(raw, limits):
    p = raw / raw.sum(axis=1, keepdims=True)
    inside = conformal.sets(p, limits)
    assert inside.any(axis=1).all() and (inside >= (p >= limits)).all()
    assert (inside.sum(axis=1)[~(p >= limits).any(axis=1)] >= 2).all()
    assert np.array_equal(conformal.sets(p, limits[0]), conformal.sets(p, np.full(3, limits[0])))
