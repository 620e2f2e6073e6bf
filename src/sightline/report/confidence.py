"""How far the stated confidence can be believed, and what holding back buys: calibration, prediction sets, decisions.

What was measured by `assess` comes from the run's extras; curves are drawn from the run's own predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray
from sklearn import metrics

from sightline.judging import claims
from sightline.judging import two_classes as reading
from sightline.report import charts, svg
from sightline.report.page import Shown
from sightline.runs.documents.trust import Calibration, Conformal, Trust
from sightline.runs.documents.two_classes import OperatingPoint, TwoClasses
from sightline.system import words
from sightline.system.thinning import evenly
from sightline.trust import answers


@dataclass(frozen=True)
class Judged:
    """Predictions as arrays: probabilities (n, K), truth (n,) as class numbers."""

    probabilities: NDArray[np.float64]
    truth: NDArray[np.intp]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, predictions: pd.DataFrame, classes: Sequence[str]) -> Judged | None:
        """The judged photos of a predictions table; None where there are none."""
        if not len(predictions) or not set(answers.columns(classes)) <= set(predictions):
            return None
        p = answers.probabilities(predictions, classes)
        truth = pd.Index(list(classes)).get_indexer(pd.Index(predictions["label"].astype(str)))
        good = np.isfinite(p).all(axis=1) & (truth >= 0)
        return cls(p[good], np.asarray(truth[good]), tuple(classes)) if good.any() else None


def calibrated(test: Judged, found: Calibration | None) -> Shown | None:
    """The reliability diagram, and ECE and Brier before and after the temperature; None where it was not measured."""
    if found is None:
        return None
    after, before = found.after, found.before if abs(found.temperature - 1) > 1e-6 else None
    confidence, right = test.probabilities.max(axis=1), test.probabilities.argmax(axis=1) == test.truth
    within = after.ece <= after.ece_by_chance
    heading = "Its confidence can be taken at its word"
    if not within:
        off = confidence - right
        if abs(off.mean()) < 1.96 * off.std() / np.sqrt(len(off)):
            heading = "Its confidence is off, here too high and there too low"
        else:
            heading = f"It is {'surer' if off.mean() > 0 else 'less sure'} of itself than it should be"
    edges = np.linspace(0, 1, 21)
    counted = [np.histogram(confidence[kind], edges)[0].tolist() for kind in (right, ~right)]
    return {
        "heading": heading,
        "temperature": found.temperature,
        "after": after,
        "before": before,
        "by_chance": after.ece_by_chance,
        "within": within,
        "diagram": charts.reliability(
            after.reliability,
            before=before.reliability if before else (),
            label=f"{heading}. ECE {words.percent(after.ece)} over {words.many(len(test.truth), 'photo')}.",
        ),
        "histogram": charts.panels(
            edges.tolist(),
            [("right", counted[0], "one"), ("wrong", counted[1], "bad")],
            label="How sure it said it was, for photos it got right and for those it got wrong.",
            x_label="how sure it said it was",
            x_format=svg.per_cent,
        ),
    }


def sets(found: Conformal | None, classes: Sequence[str]) -> Shown | None:
    """What prediction sets covered on test, how large they were, and for which classes they held; None without."""
    if found is None:
        return None
    sizes = {int(size): n for size, n in found.sizes.items()}
    total = max(sum(sizes.values()), 1)
    of_class = {row.label: row for row in found.by_class}
    spans = {name: row.coverage_ci95 for name, row in of_class.items()}
    low = max(0.0, min([*found.per_class.values(), *(span[0] for span in spans.values()), 0.9]) - 0.02)
    return {
        **vars(found),
        "single": sizes.get(1, 0) / total,
        "rows": [
            {"size": size, "n": n, "share": n / total, "bar": charts.bar([(n, "one")], total)}
            for size, n in sorted(sizes.items())
        ],
        "by_class": [
            {
                "label": name,
                "coverage": found.per_class[name],
                "interval": spans.get(name),
                "below": name in of_class and of_class[name].below,
                "whisker": charts.whisker(
                    found.per_class[name],
                    spans.get(name),
                    low,
                    1.0,
                    "bad" if name in of_class and of_class[name].below else "one",
                    rule=found.asked,
                ),
            }
            for name in classes
            if name in found.per_class
        ],
        "sentence": claims.by_class(found),
        "low": low,
    }


def decisions(found: Trust | None) -> list[Shown]:
    """How many photos were answered, unsure or unfamiliar, and how often the best guess was right in each case."""
    given = found.decisions if found else {}
    total = max(sum(row.n for row in given.values()), 1)
    return [
        {"decision": name, **vars(row), "share": row.n / total, "bar": charts.bar([(row.n, "one")], total)}
        for name, row in given.items()
    ]


def selective(test: Judged) -> Markup:
    """Accuracy among the photos it is surest of, against the share of photos that it answers."""
    confidence, right = test.probabilities.max(axis=1), test.probabilities.argmax(axis=1) == test.truth
    order = np.argsort(-confidence, kind="stable")
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    share = np.arange(1, len(order) + 1) / len(order)
    keep = evenly(len(order), 120, first=max(len(order) // 20, 1) - 1)
    low, half = float(accuracy[keep].min()), float(accuracy[len(order) // 2])
    return charts.lines(
        [charts.Series("", share[keep].tolist(), accuracy[keep].tolist(), "one")],
        label=f"Answering only the half it is surest of, it is right on {words.percent(half)}.",
        x_label="share of photos it answers, surest first",
        x_range=(0.0, 1.0),
        y_range=(max(0.0, low - 0.15 * (1 - low) - 0.005), 1.0),
        x_format=svg.per_cent,
        y_format=svg.per_cent,
    )


def two_classes(found: TwoClasses | None, test: Judged) -> Shown | None:
    """What a set of two classes is judged by at each threshold, with the ROC and the precision-recall curve."""
    if found is None or found.positive not in test.classes or len(np.unique(test.truth)) != 2:
        return None
    positive = test.classes.index(found.positive)
    score, truth = test.probabilities[:, positive], test.truth == positive
    false, true, _ = metrics.roc_curve(truth, score)
    precision, recall, _ = metrics.precision_recall_curve(truth, score)
    square: Shown = {"x_range": (0.0, 1.0), "y_range": (0.0, 1.0), "height": 320}
    square |= {"x_format": svg.per_cent, "y_format": svg.per_cent}
    name = words.shown(found.positive)
    return {
        **vars(found),
        "share": found.positives / found.photos,
        "chosen": [reading.chosen(point, found.wanted) for point in found.points],
        "promised": any(point.kind == "sensitivity" for point in found.points),
        "rows": [
            {
                "figure": figure,
                "meaning": meaning.format(positive=name, negative=words.shown(found.negative)),
                "cells": [_cell(point, figure_key, counts) for point in found.points],
            }
            for figure, figure_key, counts, meaning in reading.READ
        ],
        "roc": charts.lines(
            [charts.Series("", *_thin(false, true), "one")],
            label=f"ROC curve for {name}: area {words.percent(found.auc)}.",
            x_label=f"false alarms among {words.shown(found.negative)}",
            diagonal=True,
            **square,
        ),
        "pr": charts.lines(
            [charts.Series("", *_thin(recall, precision), "one")],
            label=f"Precision-recall curve for {name}: average precision {words.percent(found.average_precision)}.",
            x_label=f"share of {name} found",
            **square,
        ),
    }


def _cell(point: OperatingPoint, figure: str, counts: tuple[str, str]) -> Shown:
    hits, misses = (int(getattr(point, name)) for name in counts)
    return {
        "share": getattr(point, figure),
        "interval": getattr(point, f"{figure}_ci95"),
        "hits": hits,
        "of": hits + misses,
    }


def _thin(x: NDArray[np.float64], y: NDArray[np.float64], most: int = 250) -> tuple[list[float], list[float]]:
    keep = evenly(len(x), most)
    return x[keep].tolist(), y[keep].tolist()
