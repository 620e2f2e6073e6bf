"""A linear head fitted on frozen features: multinomial logistic regression, its regularisation chosen on val.

The linear probe of Kornblith et al. (2019, "Do Better ImageNet Models Transfer Better?"): L-BFGS finds the optimum in
seconds, where gradient steps through the network take minutes to come near it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

STRENGTHS = tuple(float(c) for c in np.logspace(-5, 1, 13))
"""The values of C tried, the strongest regularisation first."""

_WORSE_BEFORE_STOPPING = 2


@dataclass(frozen=True)
class Probe:
    """A fitted head: logits = features @ weight.T + bias."""

    weight: NDArray[np.float32]  # (K, F)
    bias: NDArray[np.float32]  # (K,)
    strength: float  # the C that was chosen
    tried: tuple[tuple[float, float], ...]  # (C, log loss on val)

    def logits(self, features: np.ndarray) -> NDArray[np.float32]:
        """(n, F) -> (n, K)."""
        result: NDArray[np.float32] = np.asarray(features, np.float32) @ self.weight.T + self.bias
        return result


def fit(
    train: np.ndarray, train_labels: np.ndarray, val: np.ndarray, val_labels: np.ndarray, *, balanced: bool = False
) -> Probe:
    """Fit a head on (n, F) features; C is the one with the least log loss on val.

    Labels are class numbers; every class must occur in `train_labels`. `balanced` weighs the classes equally.
    """
    train = np.asarray(train, np.float32)
    mean = train.mean(axis=0)
    scale = train.std(axis=0) + 1e-3  # a feature that never moves must not be blown up
    standard, standard_val = (train - mean) / scale, (np.asarray(val, np.float32) - mean) / scale
    classes = int(max(train_labels.max(), val_labels.max())) + 1
    model = LogisticRegression(max_iter=1000, tol=1e-3, warm_start=True, class_weight="balanced" if balanced else None)
    best: tuple[float, float, NDArray[np.float64], NDArray[np.float64]] | None = None
    tried: list[tuple[float, float]] = []
    for strength in STRENGTHS:
        model.set_params(C=strength).fit(standard, train_labels)
        loss = float(log_loss(val_labels, model.predict_proba(standard_val), labels=np.arange(classes)))
        tried.append((strength, loss))
        if best is None or loss < best[1]:
            best = strength, loss, model.coef_.copy(), model.intercept_.copy()
        elif strength / best[0] > 10 ** (_WORSE_BEFORE_STOPPING / 2) * 0.99:
            break
    assert best is not None
    strength, _, weight, bias = best
    if classes == 2:  # scikit-learn keeps one row for two classes: the logit of the second against the first
        weight, bias = np.concatenate([-weight / 2, weight / 2]), np.concatenate([-bias / 2, bias / 2])
    weight = weight / scale
    return Probe(weight.astype(np.float32), (bias - weight @ mean).astype(np.float32), strength, tuple(tried))
