"""RUN/report.html: what a person reads to decide whether to trust a run.

Everything comes from the run folder and the photos it names; nothing is computed with the network. A section appears
when its data is there. What it reads of RUN/extras/NAME.json, most of them by `assess`; without the keys marked * there
is no such section:

    trust         decisions*: {answer, unsure, unfamiliar: {n, accuracy, accuracy_ci95}}
    intervals     macro_f1, weighted_f1: [low, high], per_class: {class: {recall: [low, high]}}
    calibration   after*, before: {ece, ece_by_chance, brier, log_loss, reliability}, temperature
    conformal     coverage*, coverage_ci95, asked, least, kept, mean_size, sizes: {size: n}, per_class: {class: share}
    familiarity   keep, test_kept: share of test photos found familiar, auroc: {kind of strange picture: 0-1}
    slices        slices*: the rows of slices.slices, worst: a sentence, leaked: what slices.leaked returns
    robustness    rows*: [{change, strength, accuracy}], clean: accuracy on the same photos unchanged, n: of photos
    explanations  photos*: [{path, heat: rows of 0-1, any grid, neighbours: [{path, label, similarity}]}]
    decisions     sentence*: what the figure would be under the decisions taken on test photos
    folds         accuracies*: one for each fold, mean, spread: standard deviation, ensemble, folds: as training.folds
    lr_finder     lr*, loss*: one number for each step, suggestion
    model         parameters, images_per_second
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from sightline.errors import SightlineError
from sightline.report import mistakes, page, run_sections, words
from sightline.report.photos import Album
from sightline.runs import ledger
from sightline.runs.folder import RunFolder
from sightline.system.files import write_text

_CONTENTS: tuple[tuple[str, str, Callable[[dict[str, Any]], Any]], ...] = (
    ("mistakes", "Mistakes", lambda page: page["matrix"]),
    ("classes", "Class by class", lambda page: page["per_class"]),
    ("two", "Two classes", lambda page: page["two"]),
    ("confidence", "Confidence", lambda page: page["calibrated"]),
    ("doubt", "Holding back", lambda page: page["sets"] or page["decided"] or page["familiarity"]),
    ("slices", "Kinds of photo", lambda page: page["slices"]),
    ("robustness", "Worse photos", lambda page: page["robustness"]),
    ("reasons", "Reasons", lambda page: page["reasons"]),
    ("folds", "Folds", lambda page: page["each_fold"]),
    ("training", "Training", lambda page: page["learning"]),
    ("data", "The photos", lambda page: page["material"]),
    ("choices", "Every choice", lambda page: page["choices"]),
)


def write(run: RunFolder) -> Path:
    """Write RUN/report.html and return its path.

    Raises:
        SightlineError: the run is not complete, so that there is nothing to report.
    """
    write_text(run.report, render(run))
    return run.report


def headline(evaluation: dict[str, Any]) -> str:
    """The result in one line: "93.1 % (92.1–94.0) on 3,000 photos seen once"."""
    return " ".join(_headline(evaluation))


def render(run: RunFolder) -> str:
    """The page itself.

    Raises:
        SightlineError: the run is not complete.
    """
    evaluation, dataset, samples, predictions = run.evaluation(), run.dataset(), run.samples(), run.predictions()
    if not evaluation:
        raise SightlineError(f"{run.path}: not evaluated yet. Finish it with `sightline train --resume {run.path}`.")
    classes = tuple(str(name) for name in evaluation["classes"])
    test, val = (
        predictions[predictions["split"] == part] if len(predictions) else predictions for part in ("test", "val")
    )
    answers = mistakes.answers(test, classes) if len(test) else []
    album = Album(Path(dataset["root"]) if dataset.get("root") else None)
    figure, rest = _headline(evaluation)
    # The photos of the sections are fetched in this order: that in which they matter, should the budget run out.
    one_per_class = [(answer, album.take(answer.path)) for answer in mistakes.one_per_class(answers, classes)]
    context: dict[str, Any] = {
        "run": run.name,
        "when": _day(run),
        "figure": figure,
        "rest": rest,
        "lede": _lede(run, evaluation, samples, classes),
        "ledger": _sentence(ledger.warning(evaluation.get("test_opened"))),
        "decisions": run.extra("decisions").get("sentence", ""),
        "folds": run_sections.folds(run.extra("folds")),
        "each_fold": run_sections.each_fold(run.extra("folds")),
        "facts": _facts(run, evaluation),
        "classes": classes,
        "one_per_class": one_per_class,
        "mosaic": 3 <= len(one_per_class) <= 9,
        "wrong": run_sections.wrong(answers, album),
        "unsure": [(answer, album.take(answer.path)) for answer in mistakes.least_sure(answers)],
        "matrix": run_sections.matrix(evaluation["confusion"], answers, classes, album),
        "pairs": run_sections.pairs(evaluation["confusion"], classes),
        "per_class": run_sections.per_class(evaluation, run.extra("intervals"), classes),
        **run_sections.trust(run, val, test, classes),
        "slices": run_sections.slices(run.extra("slices"), evaluation),
        "robustness": run_sections.robustness(run.extra("robustness"), evaluation),
        "reasons": run_sections.reasons(run.extra("explanations"), answers, album),
        "learning": run_sections.training(run),
        "material": run_sections.photos(run, samples, classes, album),
        "choices": run_sections.choices(run),
    }
    context["sections"] = [(key, name) for key, name, there in _CONTENTS if there(context)]
    return page.render("run_report.html", title=f"{headline(evaluation)} · {run.name}", **context)


def _headline(evaluation: dict[str, Any]) -> tuple[str, str]:
    n, times = int(evaluation["n"]), evaluation.get("test_opened")
    seen = "" if times is None else " seen once" if times == 1 else f" seen {times} times"
    figure = words.percent(evaluation["accuracy"], unit=" %")
    return figure, f"({words.span(evaluation['accuracy_ci95'])}) on {n:,} photo{'' if n == 1 else 's'}{seen}"


def _lede(run: RunFolder, evaluation: dict[str, Any], samples: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    """What was judged on what, what knowing nothing would reach, and where it is strongest and weakest."""
    support = {name: int(row["support"]) for name, row in evaluation["per_class"].items()}
    largest = max(support, key=lambda name: support[name])
    learned = int((samples["split"] == "train").sum()) if len(samples) else 0
    model = run.config().model if (run.path / "config.yaml").is_file() else None
    name = run.dataset().get("name")
    guess = words.percent(support[largest] / evaluation["n"])
    learner, folds = words.name(model or "The network"), run.extra("folds")
    if folds.get("ensemble"):
        learner = f"An ensemble of {len(folds['accuracies'])} networks{f', each {words.name(model)},' if model else ''}"
    first = (
        f"{learner} learned from {words.many(learned, 'photo')}"
        f"{f' of {words.name(name)}' if name else ''} and was then judged on photos it had never seen, "
        f"of {words.many(len(classes), 'class', 'classes')}. "
        f"Always answering “{words.name(largest)}” would be right on {guess}."
    )
    found = {name: row["recall"] for name, row in evaluation["per_class"].items() if row["support"]}
    best, worst = max(found, key=lambda name: found[name]), min(found, key=lambda name: found[name])
    if found[best] == found[worst]:
        return [first]
    row = {name: int(n) for name, n in zip(classes, evaluation["confusion"][classes.index(worst)], strict=True)}
    missed = sum(row.values()) - row.pop(worst)
    instead = max(row, key=lambda name: row[name])
    second = (
        f"It knows {words.name(best)} best, finding {words.percent(found[best])} of them, "
        f"and {words.name(worst)} least, at {words.percent(found[worst])}"
    )
    if missed and row[instead] > missed / 3 and len(classes) > 2:
        second += f": {row[instead]:,} of the {missed:,} it misses it takes for {words.name(instead)}"
    return [first, second + "."]


def _facts(run: RunFolder, evaluation: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Key figures: what it is, the figure, and its interval where there is one."""
    model, metrics, intervals = run.extra("model"), run.metrics(), run.extra("intervals")
    facts = []
    for key, text in (("macro_f1", "F1, mean over classes"), ("weighted_f1", "F1, weighted by size")):
        interval = f"({words.span(intervals[key])})" if intervals.get(key) else ""
        facts.append((text, words.percent(evaluation[key]), interval))
    facts.append(("log loss", words.number(evaluation["log_loss"]), ""))
    facts.append(("calibration error (ECE)", words.percent(evaluation["ece"]), ""))
    seconds = float(pd.to_numeric(metrics["seconds"], errors="coerce").sum())
    folds = run.extra("folds")
    if folds.get("ensemble"):
        seconds += sum(float(row["seconds"]) for row in folds["folds"])
    if seconds > 0:
        facts.append(("spent on training", words.duration(seconds), ""))
    if model.get("parameters"):
        facts.append(("weights in the network", words.rounded(model["parameters"]), ""))
    if model.get("images_per_second"):
        facts.append(("photos judged a second", words.count(model["images_per_second"]), ""))
    return facts


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(run: RunFolder) -> str:
    moment = datetime.fromtimestamp((run.path / "evaluation.json").stat().st_mtime)
    return f"{moment.day} {moment:%B %Y}"
