"""What the other photos say of each one: probabilities from a classifier that has seen neither it nor any copy of it.

Two judges that err differently are heard. A logistic regression on the features of a frozen network is fitted k times,
each time without one part of the photos; copies are always in the same part. And the ten nearest photos vote with their
labels. The two are combined as a logarithmic opinion pool (Genest and Zidek, 1986): the neighbours turn the odds where
they agree with each other, and say little where they do not.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from sightline.checks.neighbours import Neighbours

FOLDS = 5
NEIGHBOURS = 10
_DIRECTIONS = 800  # principal directions of the features that the judges see
_STRENGTH = 1.0  # inverse of the regression's L2 penalty, for features of mean square length 1
_VOTE = 0.25  # weight of the neighbours' log odds beside the regression's
_DOUBT = 0.5  # votes that are spread over all classes beforehand
_SMALL = 1e-6


def compact(embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, F) features standardised and turned to their first 800 principal directions, mean square length 1.

    No label is looked at, so it takes nothing away from the judgement's independence, and makes it much faster.
    """
    values = np.array(embeddings, np.float32)
    if not values.size:
        return np.zeros((len(values), 0), np.float32)
    values -= values.mean(axis=0)
    values /= values.std(axis=0) + 1e-3
    width = values.shape[1]
    kept = min(_DIRECTIONS, *values.shape)
    _, directions = eigh(values.T @ values, subset_by_index=(width - kept, width - 1))
    turned = values @ directions[:, ::-1]
    scaled: NDArray[np.float32] = turned / np.sqrt((turned**2).sum(axis=1).mean() + _SMALL)
    return scaled.astype(np.float32)


def nearest(features: NDArray[np.float32], groups: ArrayLike) -> NDArray[np.int64]:
    """The ten photos (n, 10) nearest to each by cosine, nearest first; -1 in the place of its own copies."""
    group = np.asarray(groups)
    unit = features / (np.linalg.norm(features, axis=1, keepdims=True) + _SMALL)
    near, _ = Neighbours(unit).nearest(unit, NEIGHBOURS + 20)
    own = group[near] == group[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :NEIGHBOURS]
    found: NDArray[np.int64] = np.where(np.take_along_axis(own, order, 1), -1, np.take_along_axis(near, order, 1))
    return found


def out_of_sample(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: ArrayLike,
    n_classes: int,
    near: NDArray[np.int64] | None = None,
    *,
    seed: int = 0,
) -> NDArray[np.float64]:
    """(n, K) probabilities of each photo by what is known of the others without its copies; rows sum to 1.

    Args:
        near: what `nearest` found, where it is known already: it does not depend on the labels.
    """
    regression = _regression(features, labels, np.asarray(groups), n_classes, seed)
    votes = _votes(nearest(features, groups) if near is None else near, labels, n_classes)
    pooled = regression * votes**_VOTE
    normal: NDArray[np.float64] = pooled / pooled.sum(axis=1, keepdims=True)
    return normal


def _regression(
    features: NDArray[np.float32], labels: NDArray[np.int64], groups: NDArray[Any], n_classes: int, seed: int
) -> NDArray[np.float64]:
    """(n, K) probabilities of each photo by regressions that were fitted to the other folds."""
    from sklearn.linear_model import LogisticRegression

    fold = _folds(labels, groups, seed)
    probabilities = np.full((len(labels), n_classes), _SMALL)
    for part in np.unique(fold):
        train, held = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
        known = np.unique(labels[train])
        if len(known) < 2:
            probabilities[np.ix_(held, known)] = 1.0
            continue
        model = LogisticRegression(C=_STRENGTH, max_iter=300, tol=1e-3)  # finer fits rank no better
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unfinished fit on a few photos is as good as a finished one here
            model.fit(features[train], labels[train])
        probabilities[np.ix_(held, known)] = np.maximum(model.predict_proba(features[held]), _SMALL)
    return probabilities


def _votes(near: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """(n, K) shares of the neighbours' votes."""
    given = np.vstack([np.eye(n_classes)[labels], np.zeros(n_classes)])  # the last row: no neighbour, no vote
    votes = given[near].sum(axis=1) + _DOUBT / n_classes
    shares: NDArray[np.float64] = votes / votes.sum(axis=1, keepdims=True)
    return shares


def _folds(labels: NDArray[np.int64], groups: NDArray[Any], seed: int) -> NDArray[np.int64]:
    """Groups of copies dealt out to the folds in turn, class by class, in a random order."""
    names, first, of = np.unique(groups, return_index=True, return_inverse=True)
    rng = np.random.default_rng([4, seed])
    order = np.lexsort((rng.random(len(names)), labels[first]))
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % min(FOLDS, max(2, len(names)))
    return fold[of]
