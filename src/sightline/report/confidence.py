"""How far the stated confidence can be believed, and what holding back buys: calibration, prediction sets, decisions.

Figures come from the run's own predictions; the extras only say what was fitted on validation photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray
from sklearn import metrics

from sightline.report import charts, svg, words
from sightline.trust import calibration, conformal
from sightline.trust.intervals import wilson


@dataclass(frozen=True)
class Judged:
    """Predictions as arrays: probabilities (n, K), truth (n,) as class numbers."""

    probabilities: NDArray[np.float64]
    truth: NDArray[np.intp]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, predictions: pd.DataFrame, classes: Sequence[str]) -> Judged | None:
        """The judged photos of a predictions table; None where there are none or probabilities are missing."""
        columns = [f"p_{name}" for name in classes]
        if not len(predictions) or not set(columns) <= set(predictions):
            return None
        p = predictions[columns].to_numpy(dtype=np.float64)
        truth = pd.Index(list(classes)).get_indexer(pd.Index(predictions["label"].astype(str)))
        good = np.isfinite(p).all(axis=1) & (truth >= 0)
        return cls(p[good], np.asarray(truth[good]), tuple(classes)) if good.any() else None


def calibrated(test: Judged, extra: dict[str, Any]) -> dict[str, Any]:
    """The reliability diagram, with ECE and Brier before and after the temperature that `extra` holds (if any)."""
    temperature = extra.get("temperature")
    after = _figures(test.probabilities, test.truth)
    before = None
    if temperature and abs(temperature - 1) > 1e-6:
        raw = calibration.retemper(test.probabilities, float(temperature))
        before = _figures(raw, test.truth)
    by_chance = calibration.ece_by_chance(test.probabilities, draws=400)
    within = after["ece"] <= by_chance
    confidence, right = test.probabilities.max(axis=1), test.probabilities.argmax(axis=1) == test.truth
    lean = float(confidence.mean() - right.mean())
    heading = "Its confidence can be taken at its word" if within else (
        "It is surer of itself than it should be" if lean > 0 else "It is less sure of itself than it could be"
    )  # fmt: skip
    edges = np.linspace(0, 1, 21)
    label = f"{heading}. ECE {after['ece']:.3f} over {words.many(len(test.truth), 'photo')}."
    return {
        "heading": heading,
        "temperature": temperature,
        "after": after,
        "before": before,
        "by_chance": by_chance,
        "within": within,
        "diagram": charts.reliability(after["bins"], before=before["bins"] if before else (), label=label),
        "histogram": charts.panels(
            edges.tolist(),
            [
                ("right", np.histogram(confidence[right], edges)[0].tolist(), "one"),
                ("wrong", np.histogram(confidence[~right], edges)[0].tolist(), "bad"),
            ],
            label="How sure it said it was, for photos it got right and for those it got wrong.",
            x_label="how sure it said it was",
            x_format=svg.per_cent,
        ),
    }


def sets(test: Judged, extra: dict[str, Any]) -> dict[str, Any] | None:
    """What prediction sets with the threshold in `extra` cover on test, and their sizes; None without a threshold."""
    if extra.get("threshold") is None:
        return None
    asked = float(extra.get("asked", 0.95))
    inside = conformal.sets(test.probabilities, float(extra["threshold"]))
    size = inside.sum(axis=1)
    covered = inside[np.arange(len(size)), test.truth]
    n = len(size)
    validation = extra.get("validation")
    least = conformal.least_coverage(int(validation), n, asked) if validation else None
    rows = []
    for k in range(1, int(size.max()) + 1):
        of_size = size == k
        if of_size.any():
            hits, many = int(covered[of_size].sum()), int(of_size.sum())
            rows.append(
                {
                    "size": k,
                    "n": many,
                    "share": many / n,
                    "covered": hits / many,
                    "interval": wilson(hits, many),
                    "bar": charts.bar([(many, "one")], n),
                }
            )
    return {
        "asked": asked,
        "coverage": float(covered.mean()),
        "interval": wilson(int(covered.sum()), n),
        "mean_size": float(size.mean()),
        "single": float((size == 1).mean()),
        "rows": rows,
        "least": least,
        "kept": least is None or float(covered.mean()) >= least,
    }


def decisions(predictions: pd.DataFrame) -> list[dict[str, Any]]:
    """How many photos were answered, unsure or unfamiliar, and how often the best guess was right in each case."""
    if "decision" not in predictions:
        return []
    right = (predictions["label"].astype(str) == predictions["predicted"].astype(str)).to_numpy()
    rows = []
    for decision in ("answer", "unsure", "unfamiliar"):
        chosen = (predictions["decision"] == decision).to_numpy()
        n, hits = int(chosen.sum()), int(right[chosen].sum())
        share = n / max(len(predictions), 1)
        rows.append(
            {
                "decision": decision,
                "n": n,
                "share": share,
                "accuracy": hits / n if n else None,
                "interval": wilson(hits, n) if n else None,
                "bar": charts.bar([(n, "one")], len(predictions)),
            }
        )
    return rows


def selective(test: Judged) -> Markup:
    """Accuracy among the photos it is surest of, against the share of photos that it answers."""
    confidence, right = test.probabilities.max(axis=1), test.probabilities.argmax(axis=1) == test.truth
    order = np.argsort(-confidence, kind="stable")
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    share = np.arange(1, len(order) + 1) / len(order)
    keep = np.unique(np.linspace(max(len(order) // 20, 1) - 1, len(order) - 1, 120).round().astype(int))
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


def two_classes(val: Judged | None, test: Judged, positive: int = 1) -> dict[str, Any] | None:
    """ROC and precision-recall for a set of two classes, with sensitivity and specificity at a threshold chosen on val.

    The threshold is the one with the largest sensitivity + specificity on validation photos (Youden 1950).
    """
    if len(test.classes) != 2 or len(np.unique(test.truth)) != 2:
        return None
    score, truth = test.probabilities[:, positive], test.truth == positive
    false, true, _ = metrics.roc_curve(truth, score)
    precision, recall, _ = metrics.precision_recall_curve(truth, score)
    name = test.classes[positive]
    threshold = 0.5
    if val is not None and len(np.unique(val.truth)) == 2:
        val_false, val_true, at = metrics.roc_curve(val.truth == positive, val.probabilities[:, positive])
        threshold = float(min(at[np.argmax(val_true - val_false)], 1.0))
    called = score >= threshold
    found, passed = int((called & truth).sum()), int((~called & ~truth).sum())
    there, other = int(truth.sum()), int((~truth).sum())
    area, average = float(metrics.roc_auc_score(truth, score)), float(metrics.average_precision_score(truth, score))
    ends: dict[str, Any] = {
        "x_range": (0.0, 1.0),
        "y_range": (0.0, 1.0),
        "x_format": svg.per_cent,
        "y_format": svg.per_cent,
    }
    return {
        "positive": name,
        "negative": test.classes[1 - positive],
        "auc": area,
        "average_precision": average,
        "threshold": threshold,
        "chosen_on_val": val is not None,
        "sensitivity": found / there,
        "sensitivity_interval": wilson(found, there),
        "specificity": passed / other,
        "specificity_interval": wilson(passed, other),
        "roc": charts.lines(
            [charts.Series("", *_thin(false, true), "one")],
            label=f"ROC curve for {words.shown(name)}: area {area:.3f}.",
            x_label="false alarms among the others",
            diagonal=True,
            height=320,
            **ends,
        ),
        "pr": charts.lines(
            [charts.Series("", *_thin(recall, precision), "one")],
            label=f"Precision-recall curve for {words.shown(name)}: average precision {average:.3f}.",
            x_label="share of them found",
            height=320,
            **ends,
        ),
    }


def _figures(probabilities: NDArray[np.float64], truth: NDArray[np.intp]) -> dict[str, Any]:
    diagram = calibration.reliability(probabilities, truth)
    bins = [
        {"confidence": float(c), "accuracy": float(a), "n": int(n), "low": float(low), "high": float(high)}
        for c, a, n, low, high in zip(
            diagram.confidence, diagram.accuracy, diagram.count, diagram.low, diagram.high, strict=True
        )
        if n
    ]
    return {
        "ece": calibration.ece(probabilities, truth),
        "brier": calibration.brier(probabilities, truth),
        "log_loss": calibration.log_loss(probabilities, truth),
        "bins": bins,
    }


def _thin(x: NDArray[np.float64], y: NDArray[np.float64], most: int = 250) -> tuple[list[float], list[float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
    return x[keep].tolist(), y[keep].tolist()
