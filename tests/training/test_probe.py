"""A head fitted on features: the optimum of its own loss, with a strength that val chose."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sightline.training import probe


def blobs(classes: int, n: int, seed: int = 0, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, 2, (classes, 12))
    labels = np.arange(n) % classes
    return (centres[labels] + draws.normal(0, spread, (n, 12))).astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_head_says_what_scikit_learn_says(classes: int) -> None:
    train, labels = blobs(classes, 300)
    val, val_labels = blobs(classes, 150, seed=1)
    fitted = probe.fit(train, labels, val, val_labels)
    mean, scale = train.mean(0), train.std(0) + 1e-3
    model = LogisticRegression(C=fitted.strength, max_iter=2000, tol=1e-8).fit((train - mean) / scale, labels)
    logits = fitted.logits(val)
    assert logits.shape == (150, classes)
    found = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(found, model.predict_proba((val - mean) / scale), atol=0.05)


def test_val_chooses_the_strength() -> None:
    train, labels = blobs(4, 60, spread=4)
    val, val_labels = blobs(4, 400, seed=1, spread=4)
    fitted = probe.fit(train, labels, val, val_labels)
    losses = dict(fitted.tried)
    assert losses[fitted.strength] == min(losses.values())
    assert len(losses) > 2


def test_rare_classes_weigh_more_when_balanced() -> None:
    train, labels = blobs(2, 400, spread=3)
    keep = (labels == 0) | (np.arange(400) % 20 == 1)
    val, val_labels = blobs(2, 400, seed=1, spread=3)
    plain = probe.fit(train[keep], labels[keep], val, val_labels)
    balanced = probe.fit(train[keep], labels[keep], val, val_labels, balanced=True)
    recall = [(p.logits(val).argmax(1)[val_labels == 1] == 1).mean() for p in (plain, balanced)]
    assert recall[1] > recall[0]


def test_a_feature_that_never_moves_does_no_harm() -> None:
    train, labels = blobs(3, 90)
    val, val_labels = blobs(3, 90, seed=1)
    train[:, 0] = val[:, 0] = 5
    fitted = probe.fit(train, labels, val, val_labels)
    assert np.isfinite(fitted.logits(val)).all()
    assert (fitted.logits(val).argmax(1) == val_labels).mean() > 0.9
