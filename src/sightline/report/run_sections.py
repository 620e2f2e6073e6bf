"""What each section of the run report shows: one function a section, from the run to what its template names.

A section whose data is not there is None or empty, and the template then shows nothing.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sightline.report import charts, confidence, learning, material, mistakes, words
from sightline.report.mistakes import Answer
from sightline.report.photos import Album, spotlight
from sightline.runs.folder import RunFolder
from sightline.trust.intervals import wilson

MOST_CLASSES = 12  # a larger matrix says nothing at a glance; it shows the classes with most mistakes
MOST_CELL_PHOTOS = 320
MOST_REASONS = 8


def wrong(answers: Sequence[Answer], album: Album) -> dict[str, Any]:
    """The photo that fooled the network most, large, and the most wrong after it."""
    found = mistakes.most_wrong(answers, 13)
    return {
        "total": sum(not answer.right for answer in answers),
        "first": (found[0], album.take(found[0].path, 360)) if found else None,
        "rest": [(answer, album.take(answer.path)) for answer in found[1:]],
    }


def matrix(
    counts: Sequence[Sequence[int]], answers: Sequence[Answer], classes: Sequence[str], album: Album
) -> dict[str, Any]:
    """The confusion matrix, each cell shaded by its share of the row, and a sheet of photos for each cell."""
    confusion = np.asarray(counts, dtype=int)
    chosen = mistakes.telling_classes(counts, MOST_CLASSES)
    behind = mistakes.cells(answers, classes, most=12 if len(chosen) <= 6 else 6)
    sheets: dict[tuple[int, int], dict[str, Any]] = {}
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


def pairs(counts: Sequence[Sequence[int]], classes: Sequence[str], most: int = 10) -> dict[str, Any]:
    """Which classes are taken for one another, ranked, and what to say of it in a heading."""
    found = mistakes.pairs(counts, classes)
    total = sum(pair.total for pair in found)
    heading = "It made no mistake on these photos"
    if found:
        a, b = words.name(found[0].a), words.name(found[0].b)
        share = f": {words.percent(found[0].total / total, 0)} of all mistakes" if total > 4 and len(found) > 1 else ""
        heading = f"{a[:1].upper()}{a[1:]} and {b} are mixed up most{share}"
    rows = [
        {
            "pair": pair,
            "share": pair.total / total,
            "bar": charts.bar([(pair.there, "bad"), (pair.back, "blush")], found[0].total),
        }
        for pair in found[:most]
    ]
    return {"rows": rows, "more": len(found) - len(rows), "heading": heading, "total": total}


def per_class(evaluation: dict[str, Any], intervals: dict[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Precision, recall and F1 of each class with the interval of its recall, and the averages."""
    rows = []
    for i, name in enumerate(classes):
        figures = evaluation["per_class"][name]
        support, hits = int(figures["support"]), int(evaluation["confusion"][i][i])
        measured = intervals.get("per_class", {}).get(name, {}).get("recall")
        interval = measured or (wilson(hits, support) if support else None)
        rows.append({"label": name, **figures, "interval": interval})
    known = [row for row in rows if row["support"]]
    low = _floor(min([row["interval"][0] for row in known] + [0.95]))
    for row in rows:
        row["whisker"] = charts.whisker(row["recall"], row["interval"], low, 1.0, rule=evaluation["accuracy"])
    averages = []
    for name, f1, by_size in (("macro average", "macro_f1", False), ("weighted average", "weighted_f1", True)):
        weights = [row["support"] if by_size else 1 for row in known]
        means = {
            key: float(np.average([row[key] for row in known], weights=weights)) for key in ("precision", "recall")
        }
        averages.append({"label": name, **means, "f1": evaluation[f1]})
    return {"rows": rows, "averages": averages, "low": low, "support": sum(row["support"] for row in known)}


def trust(run: RunFolder, val: pd.DataFrame, test: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """The sections on confidence, on holding back and on two classes."""
    judged = confidence.Judged.of(test, classes)
    if judged is None:
        return {"calibrated": None, "sets": None, "decided": [], "familiarity": {}, "selective": "", "two": None}
    return {
        "calibrated": confidence.calibrated(judged, run.extra("calibration")),
        "sets": confidence.sets(run.extra("conformal"), classes),
        "decided": confidence.decisions(run.extra("trust")),
        "familiarity": run.extra("familiarity"),
        "selective": confidence.selective(judged),
        "two": confidence.two_classes(confidence.Judged.of(val, classes), judged),
    }


def slices(extra: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """Accuracy by kind of photo, the worst of each kind first; classes have a table of their own."""
    rows = [dict(row) for row in extra.get("slices") or [] if row["kind"] != "class"]
    if not extra.get("slices"):
        return None
    low = _floor(min([row["low"] for row in rows] + [0.95]))
    for row in rows:
        interval, kind = (row["low"], row["high"]), "bad" if row.get("worse") else "one"
        row["whisker"] = charts.whisker(row["accuracy"], interval, low, 1.0, kind, rule=evaluation["accuracy"])
    groups = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        groups.append(sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["accuracy"]))
    return {"groups": groups, "worst": extra.get("worst", ""), "leaked": extra.get("leaked"), "low": low}


def robustness(extra: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """Accuracy on the test photos made worse in several ways and strengths, shaded by what was lost."""
    given = extra.get("rows") or []
    if not given:
        return None
    clean = float(extra.get("clean", evaluation["accuracy"]))
    strengths = list(dict.fromkeys(str(row["strength"]) for row in given))
    rows: list[dict[str, Any]] = []
    for change in dict.fromkeys(str(row["change"]) for row in given):
        of_change = {str(row["strength"]): row for row in given if str(row["change"]) == change}
        cells = []
        for cell in (of_change.get(strength) for strength in strengths):
            lost = clean - float(cell["accuracy"]) if cell else 0.0
            shade = _shade(lost, False, (0.03, 0.08, 0.15, 0.3)) if lost > 0.01 else ""
            cells.append({**cell, "shade": shade} if cell else None)
        rows.append(
            {"change": change, "cells": cells, "lost": clean - min(cell["accuracy"] for cell in of_change.values())}
        )
    worst = max(rows, key=lambda row: float(row["lost"]))
    name, heading = words.name(worst["change"]), "It hardly notices worse photos"
    if worst["lost"] > 0.01:
        heading = f"{name[:1].upper()}{name[1:]} hurts it most: up to {100 * worst['lost']:.1f} points lost"
    ranges = [row["accuracy_ci95"] for row in given if row.get("accuracy_ci95")]
    within = max(((high - low) / 2 for low, high in ranges), default=None)
    return {
        "heading": heading,
        "strengths": strengths,
        "rows": rows,
        "clean": clean,
        "n": extra.get("n"),
        "within": within,
    }


def reasons(extra: dict[str, Any], answers: Sequence[Answer], album: Album) -> list[dict[str, Any]]:
    """Photos with what mattered for the answer lit up, and the training photos that look most like them."""
    by_path = {answer.path: answer for answer in answers}
    shown: list[dict[str, Any]] = []
    for item in extra.get("photos") or []:
        answer = by_path.get(str(item["path"]))
        if answer is None or len(shown) == MOST_REASONS:
            continue
        lit, heat = None, np.asarray(item.get("heat") or [], dtype=np.float64)
        pixels = album.pixels(answer.path, 192)
        if pixels is not None and heat.ndim == 2 and heat.size:
            lit = album.show(answer.path, spotlight(pixels, heat))
        near = [(other, album.take(str(other["path"]), 128)) for other in (item.get("neighbours") or [])[:4]]
        shown.append({"answer": answer, "photo": album.take(answer.path, 192), "lit": lit, "near": near})
    return shown


def training(run: RunFolder) -> dict[str, Any] | None:
    """Curves, the learning rate, the search for it, and the gap between training and validation in words."""
    metrics = run.metrics()
    if not len(metrics):
        return None
    return {
        "curves": learning.curves(metrics),
        "rate": learning.rate(run.steps()),
        "search": learning.search(run.extra("lr_finder")),
        "gap": learning.gap(metrics),
        "table": learning.table(metrics),
    }


def photos(run: RunFolder, samples: pd.DataFrame, classes: Sequence[str], album: Album) -> dict[str, Any] | None:
    """What the data looked like: counts, a look at each class, sizes, copies, problem files."""
    if not len(samples):
        return None
    each = 8 if len(classes) <= 10 else 4 if len(classes) <= 30 else 1
    grid = [(name, [(path, album.take(path, 112)) for path in material.drawn(samples, name, each)]) for name in classes]
    return {
        "counts": material.counts(samples, classes),
        "balance": material.balance(samples, classes),
        "sizes": material.sizes(samples),
        "formats": material.tally(samples, "format"),
        "notes": material.notes(samples),
        "copies": material.copies(samples),
        "set_aside": run.dataset().get("set_aside") or [],
        "grid": grid,
        "problems": material.problems(run.problems()),
    }


def folds(extra: dict[str, Any]) -> str:
    """The sentence on cross-validation, if there was any."""
    accuracies = [float(value) for value in extra.get("accuracies") or []]
    if not accuracies:
        return ""
    mean = float(extra.get("mean", np.mean(accuracies)))
    spread = float(extra.get("spread", np.std(accuracies, ddof=1) if len(accuracies) > 1 else 0.0))
    each = words.listing(words.percent(value) for value in accuracies)
    hopeful = "This is a little hopeful, since each fold also chose which epoch was kept."
    return f"Over {len(accuracies)} folds: {words.percent(mean)} ± {100 * spread:.1f} points ({each}). {hopeful}"


def each_fold(extra: dict[str, Any]) -> dict[str, Any] | None:
    """How each fold of a cross-validation fared."""
    rows = [dict(row) for row in extra.get("folds") or []]
    if not rows:
        return None
    mean = float(extra["mean"])
    low = _floor(min([row["accuracy_ci95"][0] for row in rows] + [0.95]))
    for row in rows:
        row["whisker"] = charts.whisker(row["accuracy"], row["accuracy_ci95"], low, 1.0, rule=mean)
    worst, best = (pick(rows, key=lambda row: row["accuracy"]) for pick in (min, max))
    # Where all intervals hold the mean, the folds differ no more than chance lets them.
    apart = [row for row in rows if not row["accuracy_ci95"][0] <= mean <= row["accuracy_ci95"][1]]
    heading = "The folds agree, as far as chance lets them"
    if apart:
        heading = f"The folds differ: from {words.percent(worst['accuracy'])} to {words.percent(best['accuracy'])}"
    return {"rows": rows, "low": low, "heading": heading, "ensemble": bool(extra.get("ensemble"))}


def choices(run: RunFolder) -> dict[str, Any] | None:
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


def _floor(value: float) -> float:
    """The round share at which an axis that ends at 100 % may begin so that `value` is on it."""
    return max(0.0, math.floor(value * 20) / 20)
