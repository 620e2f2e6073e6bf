"""Planted miscalibration is found, measured and repaired."""

import numpy as np
import pytest
from scipy.special import softmax

from sightline.trust import calibration


def drawn(n=4000, classes=6, seed=0, spread=2.0):
    """Logits, and labels drawn from exactly their probabilities: a perfectly calibrated model."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, spread, (n, classes))
    p = softmax(logits, axis=1)
    labels = (p.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return logits, labels


@pytest.mark.parametrize("planted", [0.4, 1.0, 3.0])
def test_a_planted_temperature_is_found_and_undone(planted):
    logits, labels = drawn()
    found = calibration.fit_temperature(logits * planted, labels)
    assert found == pytest.approx(planted, rel=0.07)
    fresh, truth = drawn(seed=1)
    before = calibration.probabilities(fresh * planted)
    after = calibration.probabilities(fresh * planted, found)
    by_chance = calibration.ece_by_chance(after, draws=200)
    assert calibration.ece(after, truth) <= by_chance * 1.5
    if planted != 1:
        assert calibration.ece(before, truth) > 2 * by_chance
        assert calibration.brier(after, truth) < calibration.brier(before, truth)
        assert calibration.log_loss(after, truth) < calibration.log_loss(before, truth)


def test_a_few_photos_all_right_do_not_buy_certainty():
    logits = np.eye(4)[[0, 1, 2, 3] * 5] * 8.0
    labels = np.array([0, 1, 2, 3] * 5)
    temperature = calibration.fit_temperature(logits, labels)
    confidence = calibration.probabilities(logits, temperature).max(axis=1)
    assert 1 - confidence.mean() == pytest.approx(0.75 / 21, rel=0.05)


def test_no_photos_leave_the_temperature_at_one():
    assert calibration.fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


def test_ece_of_a_case_done_by_hand():
    # Ten photos at 0.75 of which five are right; ten at 0.55, all right.
    confidence = np.repeat([0.75, 0.55], 10)
    p = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.array([0] * 5 + [1] * 5 + [0] * 10)
    assert calibration.ece(p, labels) == pytest.approx(0.5 * 0.25 + 0.5 * 0.45)
    assert calibration.brier(p, labels) == pytest.approx(
        np.mean([(0.25**2 * 2)] * 5 + [(0.75**2 * 2)] * 5 + [(0.45**2 * 2)] * 10)
    )


def test_certainty_that_is_wrong_still_has_a_finite_loss():
    assert calibration.log_loss([[1.0, 0.0]], [1]) == pytest.approx(-np.log(1e-12))


def test_reliability_counts_every_photo_once():
    logits, labels = drawn(1000)
    p = calibration.probabilities(logits)
    diagram = calibration.reliability(p, labels)
    filled = diagram.count > 0
    assert diagram.count.sum() == 1000 and len(diagram.edges) == 16
    assert np.isnan(diagram.accuracy[~filled]).all()
    assert (diagram.low[filled] <= diagram.accuracy[filled]).all() and (diagram.accuracy <= diagram.high)[filled].all()
    gap = np.abs(diagram.accuracy - diagram.confidence)[filled]
    assert (gap * diagram.count[filled]).sum() / 1000 == pytest.approx(calibration.ece(p, labels))


def test_the_ece_of_calibrated_models_stays_below_chance_as_often_as_it_should():
    below = 0
    for seed in range(100):
        logits, labels = drawn(500, seed=seed + 10)
        p = calibration.probabilities(logits)
        below += calibration.ece(p, labels) <= calibration.ece_by_chance(p, draws=100, seed=seed)
    assert 87 <= below <= 100


def test_the_figures_before_come_back_from_the_figures_after():
    logits, _ = drawn(50)
    after = calibration.probabilities(logits, 2.5)
    assert calibration.retemper(after, 2.5) == pytest.approx(calibration.probabilities(logits))
