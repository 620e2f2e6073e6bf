"""What a run's predictions say beyond evaluation.json: how sure each figure is, and when to believe an answer.

Reads the predictions and samples of a finished run and runs no network. Each part of the answer is kept as
RUN/extras/<part>.json, for the report and the model card.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sightline.errors import SightlineError
from sightline.judging import slices as slicing
from sightline.judging.figures import encode, probability_table
from sightline.runs import ledger
from sightline.runs.folder import RunFolder
from sightline.trust import calibration, conformal
from sightline.trust.decision import DECISIONS, decide
from sightline.trust.intervals import bootstrap, wilson


def assess(run: RunFolder) -> dict[str, dict[str, Any]]:
    """Everything about the trust in a finished run. Each key is also written to RUN/extras/<key>.json.

    Returns:
        trust: headline (the accuracy in one line), warning (what the ledger says of this test set, "" if nothing),
        decisions {answer, unsure, unfamiliar: {n, accuracy, accuracy_ci95}}.
        intervals: see `intervals`. calibration: see `calibrated`. conformal: threshold, validation, and see `covered`.
        familiarity: keep, test_kept: the share of test photos found familiar; {} where the predictions do not tell.
        slices: slices, the rows of `slices.slices`; worst, the worst in words; leaked, accuracy with and without leaked
        twins, None where duplicates were not sought.

    Raises:
        SightlineError: the run has no test predictions.
    """
    predictions, samples = run.predictions(), run.samples()
    if not len(predictions) or not (predictions["split"] == "test").any():
        raise SightlineError(f"{run.path}: is not complete. Finish it: sightline train --resume {run.path}.")
    classes = run.dataset()["classes"]
    stored = _stored(run)
    test = predictions[predictions["split"] == "test"].reset_index(drop=True)
    val = predictions[predictions["split"] == "val"]
    facts = samples.drop_duplicates("path").set_index("path").reindex(test["path"]).reset_index()
    facts = facts.assign(label=test["label"])
    groups = facts["duplicate_group"].to_numpy() if "duplicate_group" in facts else None
    truth, predicted = encode(test, classes)
    p = probability_table(test, classes)
    right = truth == predicted
    twins = None
    if groups is not None:
        kind = slicing.twins(samples["duplicate_group"], samples["split"])
        twins = samples.assign(twin=kind).drop_duplicates("path").set_index("path")["twin"][test["path"]].to_numpy()
    table = slicing.slices(facts, right, twins)
    times = run.evaluation().get("test_opened")
    familiar = test["familiar"].astype(bool).to_numpy() if "familiar" in test else None
    threshold = float(stored.get("threshold", 0.0))
    found: dict[str, dict[str, Any]] = {
        "trust": {
            "headline": headline(int(right.sum()), len(right), times),
            "warning": ledger.warning(times),
            "decisions": decided(p, right, threshold, familiar),
        },
        "intervals": intervals(truth, predicted, classes, groups),
        "calibration": calibrated(p, truth, float(stored.get("temperature", 1.0))),
        "conformal": covered(p, truth, classes, threshold, float(stored.get("coverage", 0.95)), len(val)),
        "familiarity": {} if familiar is None else {"keep": 0.95, "test_kept": float(familiar.mean())},
        "slices": {
            "slices": table.to_dict("records"),
            "worst": slicing.worst(table),
            "leaked": slicing.leaked(right, twins) if twins is not None else None,
        },
    }
    for name, part in found.items():
        run.write_extra(name, part)
    return found


def headline(right: int, n: int, times: int | None) -> str:
    """The accuracy as it should be quoted: "93.1 % (92.1–94.0) on 3,000 photos seen once"."""
    low, high = wilson(right, n)
    seen = "" if times is None else " seen once" if times == 1 else f" seen {times} times"
    return f"{100 * right / n:.1f} % ({100 * low:.1f}–{100 * high:.1f}) on {n:,} photos{seen}"


def intervals(
    truth: ArrayLike, predicted: ArrayLike, classes: Sequence[str], groups: ArrayLike | None = None, draws: int = 1000
) -> dict[str, Any]:
    """95 % intervals [low, high] of every figure, by bootstrap over duplicate groups.

    The bootstrap calls a class without an error perfect for certain. So no interval is left narrower than Wilson's:
    that of the proportion itself for recall and precision; for F1 that of right / (right + missed + wrongly called),
    of which it is a rising function; for accuracy and the mean F1 that of the accuracy.

    Args:
        truth: (n,) class numbers.
        predicted: (n,) class numbers.
        classes: their names, in order.
        groups: (n,) the duplicate group of each photo; None: every photo stands for itself.
        draws: of the bootstrap.

    Returns:
        photos, groups (how many), accuracy, macro_f1, weighted_f1, per_class {class: {precision, recall, f1}}.
    """
    y, z = np.asarray(truth), np.asarray(predicted)
    k, n = len(classes), len(y)

    def figures(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        there, called = np.bincount(y[rows], minlength=k), np.bincount(z[rows], minlength=k)
        hits = np.bincount(y[rows][y[rows] == z[rows]], minlength=k)
        f1 = 2 * hits / np.maximum(there + called, 1)
        macro = f1[there + called > 0].mean()
        means = [hits.sum() / len(rows), macro, f1 @ there / len(rows)]
        return np.concatenate([means, hits / np.maximum(called, 1), hits / np.maximum(there, 1), f1])

    best = figures(np.arange(n))
    low, high = bootstrap(figures, n, groups, draws)
    hits = np.bincount(y[y == z], minlength=k)
    there, called = np.bincount(y, minlength=k), np.bincount(z, minlength=k)
    whole = wilson(int(hits.sum()), n)
    below, above = best[0] - whole[0], whole[1] - best[0]
    floor = [(figure - below, figure + above) for figure in best[:3]]
    floor += [wilson(int(h), int(c)) for h, c in zip(hits, called, strict=True)]
    floor += [wilson(int(h), int(t)) for h, t in zip(hits, there, strict=True)]
    jaccard = [wilson(int(h), int(t + c - h)) for h, t, c in zip(hits, there, called, strict=True)]
    floor += [(2 * a / (1 + a), 2 * b / (1 + b)) for a, b in jaccard]
    limits = [
        [float(max(0.0, min(a, f[0]))), float(min(1.0, max(b, f[1])))] for a, b, f in zip(low, high, floor, strict=True)
    ]
    return {
        "photos": n,
        "groups": n if groups is None else len(np.unique(np.asarray(groups))),
        "accuracy": limits[0],
        "macro_f1": limits[1],
        "weighted_f1": limits[2],
        "per_class": {
            name: {"precision": limits[3 + i], "recall": limits[3 + k + i], "f1": limits[3 + 2 * k + i]}
            for i, name in enumerate(classes)
        },
    }


def calibrated(probabilities: ArrayLike, truth: ArrayLike, temperature: float) -> dict[str, Any]:
    """Calibration before and after the temperature was applied.

    Returns:
        temperature; before and after, each {ece, ece_by_chance, brier, log_loss, reliability: [{from, to, n,
        confidence, accuracy, low, high} for every bin that holds photos]}. An ece at or below ece_by_chance may be
        chance alone.
    """

    def measured(p: NDArray[np.float64]) -> dict[str, Any]:
        diagram = calibration.reliability(p, truth)
        columns = (diagram.edges[:-1], diagram.edges[1:], diagram.count, diagram.confidence, diagram.accuracy)
        names = ("from", "to", "n", "confidence", "accuracy", "low", "high")
        rows = zip(*columns, diagram.low, diagram.high, strict=True)
        return {
            "ece": calibration.ece(p, truth),
            "ece_by_chance": calibration.ece_by_chance(p),
            "brier": calibration.brier(p, truth),
            "log_loss": calibration.log_loss(p, truth),
            "reliability": [
                {name: int(value) if name == "n" else float(value) for name, value in zip(names, row, strict=True)}
                for row in rows
                if row[2]
            ],
        }

    after = np.asarray(probabilities, dtype=np.float64)
    before = calibration.retemper(after, temperature)
    return {"temperature": temperature, "before": measured(before), "after": measured(after)}


def covered(
    probabilities: ArrayLike, truth: ArrayLike, classes: Sequence[str], threshold: float, asked: float, validation: int
) -> dict[str, Any]:
    """How prediction sets kept their promise on test photos.

    Args:
        threshold: fitted on `validation` photos for the coverage `asked`.

    Returns:
        threshold, validation, asked, coverage (measured), coverage_ci95, least (chance alone goes below it on 5 % of
        test sets), kept (coverage is not below it), mean_size, sizes {size: photos}, per_class {class: coverage}.
    """
    y = np.asarray(truth)
    inside = conformal.sets(probabilities, threshold)
    held = inside[np.arange(len(y)), y]
    least = conformal.least_coverage(validation, len(y), asked)
    sizes, photos = np.unique(inside.sum(axis=1), return_counts=True)
    return {
        "threshold": threshold,
        "validation": validation,
        "asked": asked,
        "coverage": float(held.mean()),
        "coverage_ci95": list(wilson(int(held.sum()), len(y))),
        "least": least,
        "kept": bool(held.mean() >= least),
        "mean_size": float(inside.sum(axis=1).mean()),
        "sizes": {str(size): int(count) for size, count in zip(sizes, photos, strict=True)},
        "per_class": {name: float(held[y == i].mean()) for i, name in enumerate(classes) if (y == i).any()},
    }


def decided(
    probabilities: ArrayLike, right: NDArray[np.bool_], threshold: float, familiar: ArrayLike | None
) -> dict[str, dict[str, Any]]:
    """How many photos get each decision, and how often the likeliest class is right for them."""
    known = np.ones(len(right), dtype=bool) if familiar is None else np.asarray(familiar, dtype=bool)
    decision = decide(probabilities, conformal.sets(probabilities, threshold), known)
    found = {}
    for name in DECISIONS:
        hits = right[decision == name]
        found[name] = {
            "n": len(hits),
            "accuracy": float(hits.mean()) if len(hits) else None,
            "accuracy_ci95": list(wilson(int(hits.sum()), len(hits))) if len(hits) else None,
        }
    return found


def _stored(run: RunFolder) -> dict[str, Any]:
    """temperature, coverage and threshold, as the model folder holds them."""
    try:
        facts = json.loads((run.model / "sightline.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SightlineError(f"{run.model / 'sightline.json'}: cannot be read ({error}). Train again.") from error
    return dict(facts.get("calibration") or {})
