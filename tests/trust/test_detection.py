"""Figures of two classes against scikit-learn, and intervals against known truths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from sightline.trust import detection

SCORED = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({truth for _, truth in rows}) == 2
)


@given(SCORED)
def test_area_and_average_precision_are_those_of_scikit_learn(rows):
    score, truth = np.array([s / 12 for s, _ in rows]), np.array([t for _, t in rows])
    area, (low, high) = detection.auc(score, truth)
    assert area == pytest.approx(metrics.roc_auc_score(truth, score))
    assert 0 <= low <= area <= high <= 1 and low < high
    average, (below, above) = detection.average_precision(score, truth, draws=20)
    assert average == pytest.approx(metrics.average_precision_score(truth, score))
    assert 0 <= below <= average <= above <= 1 and below < above


@given(SCORED)
def test_youden_is_the_best_of_all_thresholds(rows):
    score, truth = np.array([s / 12 for s, _ in rows]), np.array([t for _, t in rows])

    def worth(threshold):
        seen = detection.counts(score, truth, threshold)
        return seen.found / truth.sum() + seen.passed / (~truth).sum()

    chosen = detection.youden(score, truth)
    assert worth(chosen) == pytest.approx(max(worth(t) for t in np.unique(score)))
    assert detection.youden(score, np.ones(len(score), bool)) is None


def test_the_area_holds_its_truth_in_95_of_100_draws():
    generator = np.random.default_rng(0)
    truth = np.arange(90) < 30
    from scipy.stats import norm

    known = norm.cdf(1.5 / np.sqrt(2))
    spans = [detection.auc(generator.normal(1.5 * truth, 1), truth)[1] for _ in range(600)]
    assert np.mean([low <= known <= high for low, high in spans]) == pytest.approx(0.95, abs=0.03)


def test_perfect_order_leaves_room_for_doubt():
    area, (low, high) = detection.auc([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert area == 1 and high == 1 and low < 0.8
    average, (below, above) = detection.average_precision([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert average == 1 and above == 1 and below < 0.6


def test_a_wanted_sensitivity_is_kept_on_average_over_new_photos():
    generator = np.random.default_rng(1)
    kept = []
    for _ in range(400):
        val, test = generator.normal(1, 1, 39), generator.normal(1, 1, 200)
        threshold = detection.at_sensitivity(val, np.ones(39, bool), 0.9)
        kept.append((test >= threshold).mean())
    assert 0.895 <= np.mean(kept) <= 0.93
    assert detection.at_sensitivity(generator.random(18), np.ones(18, bool), 0.95) is None
