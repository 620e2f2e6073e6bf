"""What each section of the run report shows: one function a section, from the run to what its template names.

A section whose data is not there is None or empty, and the template then shows nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sightline.judging import claims, two_classes
from sightline.report import augmentation, charts, confidence, learning, material, mistakes
from sightline.report.mistakes import Answer
from sightline.report.page import Shown
from sightline.report.photos import Album, spotlight
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extras import Explanations, Folds, LearningRates, Robustness
from sightline.runs.documents.trust import Calibration, Conformal, Familiar, Intervals, Slices, Trust
from sightline.runs.documents.two_classes import TwoClasses
from sightline.runs.folder import RunFolder
from sightline.system import words
from sightline.trust.intervals import wilson

MOST_CLASSES = 12  # a larger matrix says nothing at a glance; it shows the classes with most mistakes
MOST_CELL_PHOTOS = 320
MOST_REASONS = 8


def wrong(answers: Sequence[Answer], album: Album) -> Shown:
    """The photo that fooled the network most, large, and the most wrong after it."""
    found = mistakes.most_wrong(answers, 13)
    return {
        "total": sum(not answer.right for answer in answers),
        "first": (found[0], album.take(found[0].path, 360)) if found else None,
        "rest": [(answer, album.take(answer.path)) for answer in found[1:]],
    }


def matrix(counts: Sequence[Sequence[int]], answers: Sequence[Answer], classes: Sequence[str], album: Album) -> Shown:
    """The confusion matrix, each cell shaded by its share of the row, and a sheet of photos for each cell."""
    confusion = np.asarray(counts, dtype=int)
    chosen = mistakes.telling_classes(counts, MOST_CLASSES)
    behind = mistakes.cells(answers, classes, most=12 if len(chosen) <= 6 else 6)
    sheets: dict[tuple[int, int], Shown] = {}
    fetched = 0
    # Mistakes first, the fullest cells first: a page with many classes spends its photos where they are worth most.
    cells = sorted(((i, j) for i in chosen for j in chosen), key=lambda cell: (cell[0] == cell[1], -confusion[cell]))
    for i, j in cells:
        photos = behind.get((i, j), [])
        if photos and fetched < MOST_CELL_PHOTOS:
            fetched += len(photos)
            shown = [(answer, album.take(answer.path, 128)) for answer in photos]
            sheets[i, j] = {"row": i, "column": j, "n": int(confusion[i, j]), "photos": shown}
    rows = []
    for i in chosen:
        total = int(confusion[i].sum())
        shares = confusion[i] / max(total, 1)
        row = [
            {"n": int(confusion[i, j]), "shade": _shade(shares[j], i == j), "column": j, "opens": (i, j) in sheets}
            for j in chosen
        ]
        rows.append({"label": classes[i], "row": i, "cells": row, "total": total})
    return {
        "columns": [classes[j] for j in chosen],
        "rows": rows,
        "sheets": [sheets[cell] for cell in sorted(sheets)],
        "left_out": len(classes) - len(chosen),
        "long": len(chosen) > 8 or max(len(classes[j]) for j in chosen) > 9,
    }


def pairs(
    counts: Sequence[Sequence[int]], classes: Sequence[str], intervals: Intervals | None = None, most: int = 10
) -> Shown:
    """Which classes are taken for one another, and what may be said of it in a heading."""
    found = mistakes.pairs(counts, classes)
    total = sum(pair.total for pair in found)
    heading, note = claims.mixed_up(counts, classes, intervals), claims.mixed_up_note(counts, classes, intervals)
    rows = [
        {
            "pair": pair,
            "share": pair.total / total,
            "bar": charts.bar([(pair.there, "bad"), (pair.back, "blush")], found[0].total),
        }
        for pair in found[:most]
    ]
    return {"rows": rows, "more": len(found) - len(rows), "heading": heading, "note": note, "total": total}


def per_class(evaluation: Evaluation, intervals: Intervals | None, classes: Sequence[str]) -> Shown:
    """Precision, recall and F1 of each class with the interval of its recall, and the averages."""
    rows: list[Shown] = []
    for i, name in enumerate(classes):
        figures, hits = evaluation.per_class[name], evaluation.confusion[i][i]
        measured = intervals.per_class.get(name) if intervals else None
        chance = wilson(min(hits, figures.support), figures.support) if figures.support else None
        rows.append({"label": name, **vars(figures), "interval": measured.recall if measured else chance})
    known = [row for row in rows if row["support"]]
    low = charts.floor(min([row["interval"][0] for row in known] + [0.95]))
    for row in rows:
        row["whisker"] = charts.whisker(row["recall"], row["interval"], low, 1.0, rule=evaluation.accuracy)
    averages = []
    for name, f1, by_size in (
        ("macro average", evaluation.macro_f1, False),
        ("weighted average", evaluation.weighted_f1, True),
    ):
        weights = [row["support"] if by_size else 1 for row in known]
        means = {
            key: float(np.average([row[key] for row in known], weights=weights)) for key in ("precision", "recall")
        }
        averages.append({"label": name, **means, "f1": f1})
    return {"rows": rows, "averages": averages, "low": low, "support": sum(row["support"] for row in known)}


def trust(run: RunFolder, val: pd.DataFrame, test: pd.DataFrame, classes: Sequence[str]) -> Shown:
    """The sections on confidence, on holding back and on two classes."""
    judged = confidence.Judged.of(test, classes)
    if judged is None:
        return {"calibrated": None, "sets": None, "decided": [], "familiarity": None, "selective": "", "two": None}
    return {
        "calibrated": confidence.calibrated(judged, run.extra(Calibration)),
        "sets": confidence.sets(run.extra(Conformal), classes),
        "decided": confidence.decisions(run.extra(Trust)),
        "familiarity": run.extra(Familiar),
        "selective": confidence.selective(judged),
        "two": confidence.two_classes(_two(run, confidence.Judged.of(val, classes), judged), judged),
    }


def _two(run: RunFolder, val: confidence.Judged | None, test: confidence.Judged) -> TwoClasses | None:
    """The figures of two classes as `assess` wrote them; measured here for a run from before it did."""
    found = run.extra(TwoClasses)
    if found is not None or len(test.classes) != 2:
        return found
    positive = two_classes.positive_class(test.classes, {})
    on_val = (val.probabilities, val.truth) if val is not None else None
    return two_classes.measure(on_val, (test.probabilities, test.truth), test.classes, positive)


def slices(found: Slices | None, accuracy: float) -> Shown | None:
    """Accuracy by kind of photo, the worst of each kind first; classes have a table of their own.

    Args:
        found: what `assess` found; None: nothing.
        accuracy: over all test photos.
    """
    if found is None or not found.slices:
        return None
    rows: list[Shown] = [vars(row) | {"whisker": ""} for row in found.slices if row.kind != "class"]
    low = charts.floor(min([row["low"] for row in rows] + [0.95]))
    for row in rows:
        interval, kind = (row["low"], row["high"]), "bad" if row["worse"] else "one"
        row["whisker"] = charts.whisker(row["accuracy"], interval, low, 1.0, kind, rule=accuracy)
    groups = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        groups.append(sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["accuracy"]))
    return {"groups": groups, "worst": found.worst, "leaked": found.leaked, "low": low}


def robustness(found: Robustness | None) -> Shown | None:
    """Accuracy on the test photos made worse in several ways and strengths, shaded by what was lost."""
    if found is None or not found.rows:
        return None
    strengths = list(dict.fromkeys(row.strength for row in found.rows))
    rows: list[Shown] = []
    for change in dict.fromkeys(row.change for row in found.rows):
        of_change = {row.strength: row.accuracy for row in found.rows if row.change == change}
        cells: list[Shown | None] = []
        for accuracy in (of_change.get(strength) for strength in strengths):
            lost = found.clean - accuracy if accuracy is not None else 0.0
            shade = _shade(lost, False, (0.03, 0.08, 0.15, 0.3)) if lost > 0.01 else ""
            cells.append({"accuracy": accuracy, "shade": shade} if accuracy is not None else None)
        rows.append({"change": change, "cells": cells})
    within = max(((ci[1] - ci[0]) / 2 for row in found.rows if (ci := row.accuracy_ci95)), default=None)
    return {
        "heading": claims.hurts_most(found),
        "strengths": strengths,
        "rows": rows,
        "clean": found.clean,
        "n": found.n,
        "within": within,
    }


def reasons(found: Explanations | None, answers: Sequence[Answer], album: Album) -> list[Shown]:
    """Photos with what mattered for the answer lit up, and the training photos that look most like them."""
    by_path = {answer.path: answer for answer in answers}
    shown: list[Shown] = []
    for item in found.photos if found else ():
        answer = by_path.get(item.path)
        if answer is None or len(shown) == MOST_REASONS:
            continue
        lit, pixels = None, album.pixels(answer.path, 192)
        if pixels is not None and item.heat and item.heat[0]:
            lit = album.show(answer.path, spotlight(pixels, np.asarray(item.heat, dtype=np.float64)))
        near = [(other, album.take(other.path, 128)) for other in item.neighbours[:4]]
        shown.append({"answer": answer, "photo": album.take(answer.path, 192), "lit": lit, "near": near})
    return shown


def training(run: RunFolder) -> Shown | None:
    """Curves, the learning rate, the search for it, and the gap between training and validation in words."""
    metrics, samples = run.metrics(), run.samples()
    if not len(metrics):
        return None
    learned, validated = (int((samples["split"] == part).sum()) if len(samples) else 0 for part in ("train", "val"))
    return {
        "curves": learning.curves(metrics),
        "rate": learning.rate(run.steps()),
        "search": learning.search(run.extra(LearningRates)),
        "gap": learning.gap(metrics, learned, validated),
        "table": learning.table(metrics),
    }


def photos(run: RunFolder, samples: pd.DataFrame, classes: Sequence[str], album: Album) -> Shown | None:
    """What the data looked like: counts, a look at each class, sizes, copies, problem files."""
    if not len(samples):
        return None
    described = run.dataset()
    each = 8 if len(classes) <= 10 else 4 if len(classes) <= 30 else 1
    grid = [(name, [(path, album.take(path, 112)) for path in material.drawn(samples, name, each)]) for name in classes]
    return {
        "counts": material.counts(samples, classes),
        "balance": material.balance(samples, classes),
        "sizes": material.sizes(samples),
        "formats": material.tally(samples, "format"),
        "notes": material.notes(samples),
        "copies": material.copies(samples),
        "set_aside": described.set_aside if described else (),
        "grid": grid,
        "problems": material.problems(run.problems()),
    }


def augmented(run: RunFolder, samples: pd.DataFrame, classes: Sequence[str], album: Album) -> Shown | None:
    """A photo of each of up to three classes, as augmentation changed it; None where the run had none."""
    if not (run.path / "config.yaml").is_file() or not len(samples):
        return None
    config, learned = run.config(), samples[samples["split"] == "train"]
    if config.augment == "none" or config.fits_head_only:
        return None
    chosen = [(name, path) for name in classes[:3] for path in material.drawn(learned, name, 1, seed=2)]
    return augmentation.preview(config.augment, chosen, album, min(config.img_size or 150, 224))


def folds(found: Folds | None) -> str:
    """The sentence on cross-validation, if there was any."""
    if found is None:
        return ""
    each = words.listing(words.percent(value) for value in found.accuracies)
    hopeful = "This is a little hopeful, since each fold also chose which epoch was kept."
    many = f"Over {len(found.accuracies)} folds: {words.percent(found.mean)} ± {100 * found.spread:.1f} points"
    return f"{many} ({each}). {hopeful}"


def each_fold(found: Folds | None) -> Shown | None:
    """How each fold of a cross-validation fared."""
    if found is None or not found.folds:
        return None
    low = charts.floor(min([fold.accuracy_ci95[0] for fold in found.folds] + [0.95]))
    rows = [
        vars(fold) | {"whisker": charts.whisker(fold.accuracy, fold.accuracy_ci95, low, 1.0, rule=found.mean)}
        for fold in found.folds
    ]
    return {"rows": rows, "low": low, "heading": claims.folds_differ(found), "ensemble": found.ensemble}


def choices(run: RunFolder) -> Shown | None:
    """Every option with its value, and the commands that repeat, judge and use the run."""
    if not (run.path / "config.yaml").is_file():
        return None
    chosen = run.config().model_dump(mode="json")
    folder, recipe = shlex.quote(str(run.path)), shlex.quote(str(run.path / "config.yaml"))
    return {
        "rows": [pair for key, value in chosen.items() for pair in _flat(key, value)],
        "repeat": f"sightline train {shlex.quote(str(chosen.get('data') or 'DATA'))} --recipe {recipe} --out AGAIN",
        "use": f"sightline evaluate {folder} OTHER_PHOTOS\nsightline predict {folder} PHOTOS --out answers.csv",
    }


def _flat(key: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for inner, part in value.items() for pair in _flat(f"{key}.{inner}", part)]
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return [pair for i, part in enumerate(value) for pair in _flat(f"{key}.{i}", part)]
    if value is None or isinstance(value, bool):
        return [(key, {None: "–", True: "yes", False: "no"}[value])]
    return [(key, ", ".join(map(str, value)) if isinstance(value, list) else str(value))]


def _shade(share: float, right: bool, steps: Sequence[float] = (0.02, 0.05, 0.1, 0.2)) -> str:
    """A class of the style sheet, by share of the row; mistakes shade sooner, since fewer of them say more."""
    if share <= 0:
        return ""
    return ("h" if right else "b") + str(1 + sum(share > step for step in ((0.2, 0.4, 0.6, 0.85) if right else steps)))
