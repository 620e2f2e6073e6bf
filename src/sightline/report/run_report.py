"""RUN/report.html: what a person reads to decide whether to trust a run.

Everything comes from the run folder and the photos it names; nothing is computed with the network. A section appears
when its data is there: the parts of RUN/extras (runs/documents), most of which `assess` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from sightline.judging import claims
from sightline.report import mistakes, page, run_sections
from sightline.report.page import Shown
from sightline.report.photos import Album
from sightline.runs import ledger
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extras import Cost, Explanations, Folds, OnDecisions, Robustness
from sightline.runs.documents.trust import Intervals, Slices
from sightline.runs.folder import RunFolder
from sightline.system import words
from sightline.system.files import write_text

_CONTENTS: tuple[tuple[str, str, Callable[[Shown], Any]], ...] = (
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


def render(run: RunFolder) -> str:
    """The page itself.

    Raises:
        SightlineError: the run is not complete, or one of its files is damaged.
    """
    evaluation, samples, predictions = run.known_evaluation(), run.samples(), run.predictions()
    classes, folds, decided = evaluation.classes, run.extra(Folds), run.extra(OnDecisions)
    test, val = (
        predictions[predictions["split"] == part] if len(predictions) else predictions for part in ("test", "val")
    )
    answers = mistakes.answers(test, classes) if len(test) else []
    album = Album.of_run(run)
    # The photos of the sections are fetched in this order: that in which they matter, should the budget run out.
    one_per_class = [(answer, album.take(answer.path)) for answer in mistakes.one_per_class(answers, classes)]
    context: Shown = {
        "run": run.name,
        "when": _day(run),
        "figure": evaluation.figure,
        "rest": evaluation.rest,
        "lede": _lede(run, evaluation, samples, classes),
        "ledger": _sentence(ledger.warning(evaluation.test_opened)),
        "decisions": decided.sentence if decided else "",
        "folds": run_sections.folds(folds),
        "each_fold": run_sections.each_fold(folds),
        "facts": _facts(run, evaluation),
        "classes": classes,
        "one_per_class": one_per_class,
        "mosaic": 3 <= len(one_per_class) <= 9,
        "wrong": run_sections.wrong(answers, album),
        "unsure": [(answer, album.take(answer.path)) for answer in mistakes.least_sure(answers)],
        "matrix": run_sections.matrix(evaluation.confusion, answers, classes, album),
        "pairs": run_sections.pairs(evaluation.confusion, classes, run.extra(Intervals)),
        "per_class": run_sections.per_class(evaluation, run.extra(Intervals), classes),
        **run_sections.trust(run, val, test, classes),
        "slices": run_sections.slices(run.extra(Slices), evaluation.accuracy),
        "robustness": run_sections.robustness(run.extra(Robustness)),
        "reasons": run_sections.reasons(run.extra(Explanations), answers, album),
        "learning": run_sections.training(run),
        "material": run_sections.photos(run, samples, classes, album),
        "augmented": run_sections.augmented(run, samples, classes, album),
        "choices": run_sections.choices(run),
    }
    context["sections"] = [(key, name) for key, name, there in _CONTENTS if there(context)]
    return page.render("run_report.html", title=f"{evaluation.headline} · {run.name}", **context)


def _lede(run: RunFolder, evaluation: Evaluation, samples: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    """What was judged on what, what knowing nothing would reach, and which class it knows best and least, if any."""
    learned = int((samples["split"] == "train").sum()) if len(samples) else 0
    model = run.config().model if (run.path / "config.yaml").is_file() else None
    described, known = run.dataset(), run.extra(Intervals)
    learner, folds = words.name(model or "The network"), run.extra(Folds)
    if folds and folds.ensemble:
        learner = f"An ensemble of {len(folds.accuracies)} networks{f', each {words.name(model)},' if model else ''}"
    first = (
        f"{learner} learned from {words.many(learned, 'photo')}"
        f"{f' of {words.name(described.name)}' if described else ''} and was then judged on photos it had never seen, "
        f"of {words.many(len(classes), 'class', 'classes')}. "
        f"{claims.guess(evaluation, known).sentence}"
    )
    second = claims.extremes(evaluation, known).sentence
    return [first, second] if second else [first]


def _facts(run: RunFolder, evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Key figures: what it is, the figure, and its interval where there is one."""
    cost, metrics, known = run.extra(Cost), run.metrics(), run.extra(Intervals)
    facts = []
    for text, figure, interval in (
        ("F1, mean over classes", evaluation.macro_f1, known and known.macro_f1),
        ("F1, weighted by size", evaluation.weighted_f1, known and known.weighted_f1),
    ):
        facts.append((text, words.percent(figure), f"({words.span(interval)})" if interval else ""))
    facts.append(("log loss", words.number(evaluation.log_loss), ""))
    facts.append(("calibration error (ECE)", words.percent(evaluation.ece), ""))
    seconds = float(metrics["seconds"].sum())
    folds = run.extra(Folds)
    if folds and folds.ensemble:
        seconds += sum(fold.seconds for fold in folds.folds)
    if seconds > 0:
        facts.append(("spent on training", words.duration(seconds), ""))
    if cost:
        facts.append(("weights in the network", words.rounded(cost.parameters), ""))
        if cost.images_per_second:
            facts.append(("photos judged a second", words.count(cost.images_per_second), ""))
    return facts


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(run: RunFolder) -> str:
    moment = datetime.fromtimestamp((run.path / "evaluation.json").stat().st_mtime)
    return f"{moment.day} {moment:%B %Y}"
