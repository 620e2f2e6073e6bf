"""How labels go wrong, learned from the labels themselves, and how likely each one is wrong.

Where mistakes keep to few pairs of classes (glacier for mountain), a photo between such a pair is a likelier mistake
than one between others. The noise matrix of confident learning (Northcutt, Jiang and Chuang, 2021) is fitted as Dawid
and Skene (1979) fit that of a clerk, by expectation-maximisation. Where mistakes are spread evenly, the order is that
of plain self-confidence, cleanlab's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CLEAR = 0.9  # probability from which a prediction counts as evidence on the noise


def suspicion(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How likely each label is wrong, (n,) 0-1, and the likeliest class other than it, (n,).

    Bayes' rule with the noise matrix T: the odds of class k against the given label j are p(k | photo) / p(j | photo),
    times (T[k, j] / its mean over all pairs)^c. The exponent c says how far mistakes keep to few pairs of classes; it
    is 0 where they are spread evenly. Only the pattern of T is used, not its level, which the probabilities know.
    """
    concentrated = _concentration(probabilities, labels)
    posterior = probabilities
    if concentrated > 0:
        noise = _noise(probabilities, labels)
        mistakes = ~np.eye(len(noise), dtype=bool)
        odds = np.where(mistakes, noise / noise[mistakes].mean(), 1.0)
        posterior = probabilities * odds[:, labels].T ** concentrated
        posterior = posterior / posterior.sum(axis=1, keepdims=True)
    score: NDArray[np.float64] = 1 - posterior[np.arange(len(labels)), labels]
    others = np.where(np.eye(posterior.shape[1], dtype=bool)[labels], -1, posterior)
    return np.clip(score, 0, 1), others.argmax(axis=1)


def _noise(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """T[k, j]: how often photos of class k bear label j, by expectation-maximisation, beginning at one in ten wrong."""
    n_classes = probabilities.shape[1]
    given = np.eye(n_classes)[labels]
    noise = np.full((n_classes, n_classes), 0.1 / n_classes) + 0.9 * np.eye(n_classes)
    for _ in range(20):
        posterior = probabilities * noise[:, labels].T
        posterior /= posterior.sum(axis=1, keepdims=True)
        counts = posterior.T @ given + 2 / n_classes  # as if two photos more had borne any label
        noise = counts / counts.sum(axis=1, keepdims=True)
    return noise


def _concentration(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """0 where clear contradictions are spread evenly over pairs of classes, 1 where a few pairs hold nearly all.

    A pattern seen in few contradictions counts for less: with as many as there are pairs, for half.
    """
    n_classes = probabilities.shape[1]
    clear = probabilities.max(axis=1) > _CLEAR
    counts = np.zeros((n_classes, n_classes))
    np.add.at(counts, (probabilities.argmax(axis=1)[clear], labels[clear]), 1)
    pairs = ~np.eye(n_classes, dtype=bool)
    seen = counts[pairs].sum()
    counts += 0.5
    rates = (counts / counts.sum(axis=1, keepdims=True))[pairs]
    evenness = float(np.median(rates) / rates.mean())
    return float(np.clip((0.6 - evenness) / 0.3, 0, 1) * seen / (seen + pairs.sum()))
