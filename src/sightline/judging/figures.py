"""A table of predictions in, the figures of evaluation.json out: the one evaluator that everything calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.data.table import shortened
from sightline.errors import SightlineError
from sightline.runs.documents.evaluation import ClassFigures, Evaluation
from sightline.trust import answers, calibration
from sightline.trust.intervals import wilson


def evaluate(predictions: pd.DataFrame, classes: Sequence[str], *, test_opened: int | None = None) -> Evaluation:
    """Judge predictions against the truth.

    Args:
        predictions: one row per photo: label (the truth), predicted, p_<class> for every class.
        classes: the K class names; they order the confusion matrix.
        test_opened: how often this test set has been opened so far, this time included; None where it does not apply.

    Raises:
        SightlineError: there are no rows, a column is missing, or a label is not one of the classes.
    """
    truth, predicted = encode(predictions, classes)
    probabilities = probability_table(predictions, classes)
    n = len(truth)
    matrix = confusion(truth, predicted, len(classes))
    right = int(np.trace(matrix))
    figures = per_class(matrix)
    support = matrix.sum(axis=1)
    return Evaluation(
        n=n,
        accuracy=right / n,
        accuracy_ci95=wilson(right, n),
        macro_f1=min(1.0, macro_f1(matrix)),
        weighted_f1=min(1.0, float(figures["f1"] @ support / n)),  # a sum of shares may round to a hair above 1
        per_class={
            name: ClassFigures(
                precision=float(figures["precision"][i]),
                recall=float(figures["recall"][i]),
                f1=float(figures["f1"][i]),
                support=int(support[i]),
            )
            for i, name in enumerate(classes)
        },
        confusion=tuple(tuple(row) for row in matrix.tolist()),
        classes=tuple(classes),
        ece=calibration.ece(probabilities, truth),
        log_loss=calibration.log_loss(probabilities, truth),
        test_opened=test_opened,
    )


def encode(predictions: pd.DataFrame, classes: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Truth and prediction as class numbers, each (n,).

    Raises:
        SightlineError: as for `evaluate`.
    """
    if not len(predictions):
        raise SightlineError("there are no predictions to evaluate: the table has no rows.")
    index = pd.Index(list(classes))
    codes = []
    for column in ("label", "predicted"):
        if column not in predictions:
            raise SightlineError(
                f"the predictions have no column {column!r}; found: {', '.join(map(str, predictions))}."
            )
        code = np.asarray(index.get_indexer(pd.Index(predictions[column].astype(str))))
        if (code < 0).any():
            unknown = sorted(set(predictions[column].astype(str)[code < 0]))
            raise SightlineError(
                f"{column} {shortened(unknown)}: not among the classes of the model ({shortened(classes, 20)}).\n"
                "Rename the labels, or leave these photos out."
            )
        codes.append(code)
    return codes[0], codes[1]


def probability_table(predictions: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.float64]:
    """The columns p_<class> as one array (n, K).

    Raises:
        SightlineError: a class has no column, or a probability is not a number.
    """
    missing = [name for name in answers.columns(classes) if name not in predictions]
    if missing:
        raise SightlineError(f"the predictions lack {shortened(missing)}: every class needs its probability.")
    try:
        table = answers.probabilities(predictions, classes)
    except ValueError:
        table = np.full((len(predictions), len(classes)), np.nan)
    if not np.isfinite(table).all():
        raise SightlineError("the predictions hold probabilities that are not numbers: the model's output is broken.")
    return table


def confusion(truth: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How often each truth (row) was called each class (column): (K, K)."""
    cells = np.asarray(truth) * classes + np.asarray(predicted)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def per_class(matrix: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Precision, recall and F1 (K,) of a confusion matrix; 0 where nothing was there to be found or called."""
    hits = np.diag(matrix).astype(np.float64)
    called, there = matrix.sum(axis=0), matrix.sum(axis=1)
    return {
        "precision": hits / np.maximum(called, 1),
        "recall": hits / np.maximum(there, 1),
        "f1": 2 * hits / np.maximum(called + there, 1),
    }


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """The mean F1 of the classes that occur, as truth or as prediction; 0 where none does."""
    occurs = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    if not occurs.any():
        return 0.0
    return float(per_class(matrix)["f1"][occurs].mean())
