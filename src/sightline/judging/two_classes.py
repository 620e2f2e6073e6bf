"""A set of two classes as a doctor reads it: which is the positive one, and what is found and let go at a threshold.

Two thresholds, both chosen on val: the one that parts the classes best, and one for a wanted sensitivity. Test photos
only measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from sightline.runs.documents.two_classes import OperatingPoint, TwoClasses
from sightline.system import words
from sightline.trust import detection
from sightline.trust.intervals import wilson

_SOUGHT = [
    "positive",
    "pos",
    "yes",
    "true",
    "cancer",
    "tumor",
    "tumour",
    "malignant",
    "melanoma",
    "disease",
    "diseased",
    "sick",
    "ill",
    "infected",
    "pneumonia",
    "covid",
    "abnormal",
    "anomaly",
    "anomalous",
    "defect",
    "defective",
    "damaged",
    "faulty",
    "broken",
    "cracked",
    "bad",
    "fake",
    "fraud",
    "hazard",
    "unsafe",
    "present",
]
_UNSOUGHT = [
    "negative",
    "neg",
    "no",
    "false",
    "normal",
    "healthy",
    "benign",
    "control",
    "good",
    "ok",
    "intact",
    "undamaged",
    "fine",
    "clean",
    "real",
    "genuine",
    "safe",
    "absent",
    "none",
    "other",
    "background",
    "rest",
]


def positive_class(classes: Sequence[str], counts: Mapping[str, int], asked: str | None = None) -> tuple[str, str]:
    """Which of two classes is the one that is looked for, and why, in words.

    The one asked for; else the one that is named so ("cancer" beside "healthy"); else the rarer in training.

    Args:
        classes: two names.
        counts: class -> photos to learn from; a class may be missing.
        asked: by --positive.
    """
    if asked in classes:
        return str(asked), "as asked for with --positive"
    first, second = classes
    named = [_named(name, _SOUGHT) or _named(other, _UNSOUGHT) for name, other in ((first, second), (second, first))]
    if named[0] != named[1]:
        return (first, second)[named.index(True)], "by its name; --positive chooses the other"
    a, b = counts.get(first, 0), counts.get(second, 0)
    if a == b:
        return first, "neither is rarer or named so; --positive chooses the other"
    return (first if a < b else second), "the rarer of the two; --positive chooses the other"


def measure(
    val: tuple[ArrayLike, ArrayLike] | None,
    test: tuple[ArrayLike, ArrayLike],
    classes: Sequence[str],
    positive: tuple[str, str],
    wanted: float = 0.95,
    groups: ArrayLike | None = None,
) -> TwoClasses | None:
    """The figures on test, at thresholds from val; None where there are not two classes, or test has one of them.

    Args:
        val: probabilities (n, 2) and class numbers (n,); None where there are none, and the threshold is then 50 %.
        test: the same.
        classes: both names.
        positive: what `positive_class` gave.
        wanted: sensitivity, in 0-1.
        groups: (n,) the duplicate group of each test photo; None: each stands for itself.
    """
    name, why = positive
    if len(classes) != 2 or name not in classes:
        return None
    place = list(classes).index(name)
    score, truth = np.asarray(test[0])[:, place], np.asarray(test[1]) == place
    if truth.all() or not truth.any():
        return None
    points = []
    best, asked = 0.5, None
    if val is not None and len(np.asarray(val[1])):
        on_val = np.asarray(val[0])[:, place], np.asarray(val[1]) == place
        chosen = detection.youden(*on_val)
        best, asked = 0.5 if chosen is None else chosen, detection.at_sensitivity(*on_val, wanted)
        points.append(_point("val" if chosen is not None else "half", best, score, truth))
        if asked is not None:
            points.append(_point("sensitivity", asked, score, truth))
    else:
        points.append(_point("half", best, score, truth))
    area, area_span = detection.auc(score, truth)
    average, average_span = detection.average_precision(score, truth, groups)
    return TwoClasses(
        positive=name,
        negative=classes[1 - place],
        why=why,
        photos=len(truth),
        positives=int(truth.sum()),
        auc=area,
        auc_ci95=area_span,
        average_precision=average,
        average_precision_ci95=average_span,
        wanted=wanted,
        points=tuple(points),
    )


READ: tuple[tuple[str, str, tuple[str, str], str], ...] = (
    ("sensitivity", "sensitivity", ("found", "missed"), "of {positive}, the share that is found"),
    ("specificity", "specificity", ("passed", "alarms"), "of {negative}, the share that is let go"),
    ("positive predictive value", "ppv", ("found", "alarms"), "of what is called {positive}, the share that is"),
    ("negative predictive value", "npv", ("passed", "missed"), "of what is let go, the share that is {negative}"),
)
"""What a person reads at a threshold: the figure, its key, its photos (hits, misses), and what it means."""


def chosen(point: OperatingPoint, wanted: float) -> str:
    """How a threshold was chosen, as the head of its column says it."""
    named = {"val": "chosen on val", "half": "at one half"}
    return named.get(point.kind, f"for {words.percent(wanted, 0)} sensitivity")


def sentence(found: TwoClasses) -> str:
    """What is found and let go at the threshold that val chose, in one sentence."""
    at = found.points[0]
    return (
        f"Of {words.name(found.positive)} it finds {words.percent(at.sensitivity)} "
        f"(sensitivity, {words.span(at.sensitivity_ci95)}); of {words.name(found.negative)} it passes "
        f"{words.percent(at.specificity)} (specificity, {words.span(at.specificity_ci95)})."
    )


def _named(name: str, as_one_of: Sequence[str]) -> bool:
    parts = name.lower().replace("-", " ").replace("_", " ").split()
    return any(part in as_one_of for part in parts) and not any(
        part in ("no", "non", "not", "without") for part in parts[:-1]
    )


def _point(kind: str, threshold: float, score: ArrayLike, truth: ArrayLike) -> OperatingPoint:
    seen = detection.counts(score, truth, threshold)
    figures: dict[str, object] = {}
    for figure, hits, of in (
        ("sensitivity", seen.found, seen.found + seen.missed),
        ("specificity", seen.passed, seen.passed + seen.alarms),
        ("ppv", seen.found, seen.found + seen.alarms),
        ("npv", seen.passed, seen.passed + seen.missed),
    ):
        figures |= {figure: hits / of if of else None, f"{figure}_ci95": wilson(hits, of) if of else None}
    return OperatingPoint.model_validate({"kind": kind, "threshold": threshold, **vars(seen), **figures})
