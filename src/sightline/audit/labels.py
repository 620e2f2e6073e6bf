"""Labels that look wrong: every photo is judged by a classifier that has seen neither it nor any copy of it.

A logistic regression on the features of a frozen network is fitted k times, each time without one part of the
photos; copies are always in the same part. Then two questions are asked of the probabilities. cleanlab's confident
learning (Northcutt, Jiang and Chuang, 2021) says how many labels of each class are likely wrong, and which. Our own
order adds what that paper's noise matrix knows: where mistakes keep to few pairs of classes (glacier for mountain),
a photo between such a pair is a likelier mistake than one between others. Where mistakes are spread evenly the
order is that of plain self-confidence, cleanlab's own.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.audit import findings
from sightline.audit.neighbours import Neighbours

FOLDS = 5
WORTH_A_LINE = 0.5  # chance of a wrong label from which a photo has a finding
_DIRECTIONS = 400  # principal directions of the features that the classifier sees
_STRENGTH = 1.0  # inverse of the regression's L2 penalty, for features of mean square length 1
_NEIGHBOURS = 10
_CLEAR = 0.9  # probability from which a prediction counts as evidence on the noise
_SMALL = 1e-6


def check_labels(
    samples: pd.DataFrame,
    classes: Sequence[str],
    embeddings: NDArray[np.floating],
    groups: ArrayLike,
    *,
    weaker: str = "",
    seed: int = 0,
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Findings of the check `label`, and the out-of-sample probabilities (n, K) that they rest on.

    Args:
        samples: path and label of n photos.
        classes: the K class names, in the order of the probabilities' columns.
        embeddings: (n, F) features, best those of a network that was not trained on these labels.
        groups: (n,) int; photos of one number are copies of each other.
        weaker: said with each finding, where the features were trained on these very labels.
        seed: of the parts that photos are held out in.
    """
    labels = pd.Categorical(samples["label"], categories=list(classes)).codes.astype(np.int64)
    if len(samples) < 2 or len(set(labels.tolist())) < 2:
        return findings.table([]), np.full((len(samples), len(classes)), 1 / max(1, len(classes)))
    features = compact(embeddings)
    probabilities = out_of_sample(features, labels, groups, len(classes), seed=seed)
    score, suggested = suspicion(probabilities, labels)
    doubted = probabilities.argmax(axis=1) != labels
    flagged = _confident_learning(labels, probabilities) & doubted
    rows = np.flatnonzero(flagged | (doubted & (score >= WORTH_A_LINE)))
    near = _neighbours(features, rows, np.asarray(groups))
    found: list[dict[str, Any]] = []
    for row, neighbours in zip(rows, near, strict=True):
        around = Counter(classes[labels[other]] for other in neighbours).most_common()
        nearest = ", ".join(f"{n} {name}" for name, n in around)
        likely = f"looks like {classes[suggested[row]]} {probabilities[row, suggested[row]]:.2f}"
        detail = f"{likely}, its {len(neighbours)} nearest neighbours: {nearest}"
        found.append(
            {
                "path": samples["path"].iloc[row],
                "check": "label",
                "score": float(score[row]),
                "flagged": bool(flagged[row]),
                "label": samples["label"].iloc[row],
                "suggested_label": classes[suggested[row]],
                "twin": "",
                "detail": f"{detail} ({weaker})" if weaker else detail,
            }
        )
    return findings.table(found), probabilities


def compact(embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, F) features standardised and turned to their first 400 principal directions, mean square length 1.

    No label is looked at, so it takes nothing away from the judgement's independence, and makes it ten times faster.
    """
    values = np.asarray(embeddings, np.float64)
    values = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-3)
    _, directions = np.linalg.eigh(values.T @ values)
    turned = values @ directions[:, ::-1][:, : min(_DIRECTIONS, len(values))]
    scaled: NDArray[np.float32] = (turned / np.sqrt((turned**2).sum(axis=1).mean() + _SMALL)).astype(np.float32)
    return scaled


def out_of_sample(
    features: NDArray[np.float32], labels: NDArray[np.int64], groups: ArrayLike, n_classes: int, *, seed: int = 0
) -> NDArray[np.float64]:
    """(n, K) probabilities of each photo by a regression fitted to the others without its copies; rows sum to 1."""
    from sklearn.linear_model import LogisticRegression

    fold = _folds(labels, np.asarray(groups), seed)
    probabilities = np.full((len(labels), n_classes), _SMALL)
    for part in np.unique(fold):
        train, held = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
        known = np.unique(labels[train])
        if len(known) < 2:
            probabilities[np.ix_(held, known)] = 1.0
            continue
        model = LogisticRegression(C=_STRENGTH, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unfinished fit on a few photos is as good as a finished one here
            model.fit(features[train], labels[train])
        probabilities[np.ix_(held, known)] = np.maximum(model.predict_proba(features[held]), _SMALL)
    normal: NDArray[np.float64] = probabilities / probabilities.sum(axis=1, keepdims=True)
    return normal


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
    """0 where clear contradictions are spread evenly over pairs of classes, 1 where a few pairs hold nearly all."""
    n_classes = probabilities.shape[1]
    clear = probabilities.max(axis=1) > _CLEAR
    counts = np.full((n_classes, n_classes), 0.5)
    np.add.at(counts, (probabilities.argmax(axis=1)[clear], labels[clear]), 1)
    rates = (counts / counts.sum(axis=1, keepdims=True))[~np.eye(n_classes, dtype=bool)]
    evenness = float(np.median(rates) / rates.mean())
    return float(np.clip((0.6 - evenness) / 0.3, 0, 1))


def _confident_learning(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """cleanlab's choice of wrong labels, its default filter."""
    from cleanlab.filter import find_label_issues

    # cleanlab wants every class to have a label; classes without one cannot be judged and are left out.
    present = np.unique(labels)
    renamed = np.searchsorted(present, labels)
    part = probabilities[:, present]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issues = find_label_issues(renamed, part / part.sum(axis=1, keepdims=True), n_jobs=1)
    return np.asarray(issues, dtype=bool)


def _folds(labels: NDArray[np.int64], groups: NDArray[Any], seed: int) -> NDArray[np.int64]:
    """Groups of copies dealt out to the folds in turn, class by class, in a random order."""
    names, first, of = np.unique(groups, return_index=True, return_inverse=True)
    rng = np.random.default_rng([4, seed])
    order = np.lexsort((rng.random(len(names)), labels[first]))
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % min(FOLDS, max(2, len(names)))
    return fold[of]


def _neighbours(
    features: NDArray[np.float32], rows: NDArray[np.int64], groups: NDArray[Any]
) -> list[NDArray[np.int64]]:
    """The nearest ten of each row, its own copies left out."""
    if not len(rows):
        return []
    unit = features / (np.linalg.norm(features, axis=1, keepdims=True) + _SMALL)
    near, _ = Neighbours(unit).nearest(unit[rows], _NEIGHBOURS + 20)
    return [found[groups[found] != groups[row]][:_NEIGHBOURS] for row, found in zip(rows, near, strict=True)]
