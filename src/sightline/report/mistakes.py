"""What a run got wrong, read from its predictions: cells of the confusion matrix, confused pairs, the telling photos.

Tables and arrays in, plain values out; no photo is opened here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sightline.system import words
from sightline.trust import answers as columns


@dataclass(frozen=True)
class Answer:
    """One photo with its truth and what the network said: `second` is the runner-up; shares are in 0-1."""

    path: str
    label: str
    predicted: str
    confidence: float
    of_truth: float
    second: str
    of_second: float
    split: str = "test"

    @property
    def right(self) -> bool:
        """Whether the network named the label."""
        return self.label == self.predicted

    @property
    def described(self) -> str:
        """The photo in words, for those who cannot see it."""
        called = "" if self.right else f", called {self.predicted}"
        return f"{self.label}{called}, {words.percent(self.confidence)} sure"


@dataclass(frozen=True)
class Pair:
    """Two classes taken for one another: `there` times `a` for `b`, `back` times `b` for `a`; `there` is the larger."""

    a: str
    b: str
    there: int
    back: int

    @property
    def total(self) -> int:
        """Mistakes in both directions."""
        return self.there + self.back


def answers(predictions: pd.DataFrame, classes: Sequence[str]) -> list[Answer]:
    """One Answer per row of a predictions table (path, label, predicted, p_<class>…)."""
    p = probabilities(predictions, classes)
    index = {name: i for i, name in enumerate(classes)}
    truth = np.array([index.get(str(label), -1) for label in predictions["label"]], dtype=int)
    order = np.argsort(-p, axis=1, kind="stable")
    splits = predictions["split"] if "split" in predictions else [""] * len(predictions)
    result = []
    for i, (path, label, predicted, split) in enumerate(
        zip(predictions["path"], predictions["label"], predictions["predicted"], splits, strict=True)
    ):
        first = index.get(str(predicted), int(order[i, 0]))
        second = int(next(k for k in order[i] if k != first)) if len(classes) > 1 else first
        result.append(
            Answer(
                path=str(path),
                label=str(label),
                predicted=str(predicted),
                confidence=float(p[i, first]),
                of_truth=float(p[i, truth[i]]) if truth[i] >= 0 else 0.0,
                second=classes[second],
                of_second=float(p[i, second]),
                split=str(split),
            )
        )
    return result


def probabilities(predictions: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.float64]:
    """The p_<class> columns as (n, K)."""
    return columns.probabilities(predictions, classes)


def pairs(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> list[Pair]:
    """Pairs of classes that were confused at all, most often first."""
    found = []
    for i in range(len(classes)):
        for j in range(i + 1, len(classes)):
            there, back = int(confusion[i][j]), int(confusion[j][i])
            if there or back:
                a, b = (classes[i], classes[j]) if there >= back else (classes[j], classes[i])
                found.append(Pair(a, b, max(there, back), min(there, back)))
    return sorted(found, key=lambda pair: (-pair.total, pair.a, pair.b))


def cells(found: Sequence[Answer], classes: Sequence[str], most: int = 8) -> dict[tuple[int, int], list[Answer]]:
    """The photos behind each cell (truth, predicted) of the matrix.

    Off the diagonal the most confident mistakes come first; on it the least confident answers, which say more than the
    easy ones.
    """
    index = {name: i for i, name in enumerate(classes)}
    behind: dict[tuple[int, int], list[Answer]] = {}
    for answer in found:
        if answer.label in index and answer.predicted in index:
            behind.setdefault((index[answer.label], index[answer.predicted]), []).append(answer)
    return {
        cell: sorted(photos, key=lambda a: a.confidence if cell[0] == cell[1] else -a.confidence)[:most]
        for cell, photos in behind.items()
    }


def most_wrong(found: Sequence[Answer], most: int = 12) -> list[Answer]:
    """Mistakes, the least probable truth first: the first is the photo that fooled the network most."""
    wrong = [answer for answer in found if not answer.right]
    return sorted(wrong, key=lambda a: (a.of_truth, -a.confidence, a.path))[:most]


def least_sure(found: Sequence[Answer], most: int = 12) -> list[Answer]:
    """Photos between two classes: the smallest lead of the answer over its runner-up first."""
    return sorted(found, key=lambda a: (a.confidence - a.of_second, a.path))[:most]


def one_per_class(found: Sequence[Answer], classes: Sequence[str], seed: int = 0) -> list[Answer]:
    """One photo of each class, drawn at random, not picked to please: a mistake may be among them."""
    generator = np.random.default_rng(seed)
    chosen = []
    for name in classes:
        of_class = [answer for answer in found if answer.label == name]
        if of_class:
            chosen.append(of_class[int(generator.integers(len(of_class)))])
    return chosen


def telling_classes(confusion: Sequence[Sequence[int]], most: int) -> list[int]:
    """The classes that a matrix of at most `most` rows shows: those with most mistakes, in class order."""
    matrix = np.asarray(confusion, dtype=int)
    if len(matrix) <= most:
        return list(range(len(matrix)))
    wrong = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * np.diag(matrix)
    return sorted(int(i) for i in np.argsort(-wrong, kind="stable")[:most])
