"""A run, and its own test part or other labelled photos -> figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError, UsageError
from sightline.judging import figures
from sightline.judging.assess import as_two, intervals
from sightline.predictor import Predictor
from sightline.runs import ahead, ledger
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import reopen
from sightline.runs.run import Run
from sightline.system.progress import note
from sightline.training import finish
from sightline.training.looker import Looker


def evaluate(
    run: str | Path | Run,
    data: str | Path | None = None,
    *,
    moved: str | Path | None = None,
    images: str | Path | None = None,
    device: str = "auto",
    positive: str | None = None,
    sensitivity: float | None = None,
) -> Evaluation:
    """Judge a run on its own test part, or on every labelled sample of another dataset.

    Every look at the run's own test part is counted in the ledger beside the runs.

    Args:
        run: a complete run.
        data: another dataset, in any form that `train` takes; None: the run's own test part.
        moved: the folder that the run's own photos are in now, if they were moved.
        images: the folder that the paths of a manifest are relative to.
        device: auto, cpu, cuda, mps.
        positive: of two classes the one that is looked for; None: as the run was asked, else the one named so or rarer.
        sensitivity: of two classes: the share of the positive one, in 0-1, that a second threshold should find; None:
            as the run was asked.

    Returns:
        The figures; `intervals` holds the 95 % interval of each. Of two classes `two_classes` holds sensitivity,
        specificity and predictive values, at thresholds that the run's own validation photos choose.

    Raises:
        UsageError: there is no run, no such folder, or no two classes of which one could be the positive.
        SightlineError: the data has a class that the run does not know.
    """
    folder = run.folder if isinstance(run, Run) else RunFolder.open(run)
    predictor = Predictor.load(folder.path, device)
    if data is not None and moved is not None:
        raise UsageError("DATA and --data: give the place of the run's own photos, or another dataset, not both.")
    if data is None and images is not None:
        raise UsageError(f"--images {images}: belongs to the table of another dataset, and no DATA was given.")
    ahead.require_positive(positive, predictor.classes)
    ahead.require_sensitivity(sensitivity, predictor.classes)
    if data is None:
        prepared = reopen(folder, predictor.size, predictor.fit, moved)
        samples, pixels, rows = prepared.dataset.samples, prepared.pixels, prepared.rows("test")
        opened = ledger.opened(folder.path, samples["digest"].iloc[rows], "evaluate")
    else:
        dataset = open_dataset(data, images)
        unknown = sorted({*dataset.classes} - {*predictor.classes})
        if unknown:
            raise SightlineError(
                f"{data}: has classes that {folder.path} was not trained on: {', '.join(unknown)}."
                f" It knows {', '.join(predictor.classes)}."
            )
        dataset, pixels = preflight(dataset, predictor.size, predictor.fit, predictor.white)
        samples, rows, opened = dataset.samples, np.arange(len(dataset.samples)), None
        if not len(samples):
            raise SightlineError(f"{data}: no photo in it can be read.")
        before = folder.samples()
        seen = int(samples["digest"].isin(before.loc[before["split"] != "test", "digest"]).sum())
        if seen:
            note(f"Warning: {seen:,} of these {len(samples):,} photos were used to train this run; they flatter it.")
    outputs = Looker(predictor, pixels).judge(rows, "Evaluating")
    table = finish.prediction_table(samples.iloc[rows], predictor.classes, outputs)
    found = figures.evaluate(table, predictor.classes, test_opened=opened)
    groups = samples["duplicate_group" if "duplicate_group" in samples else "digest"].iloc[rows].to_numpy()
    truth, predicted = figures.encode(table, predictor.classes)
    known = intervals(truth, predicted, predictor.classes, groups)
    if len(predictor.classes) != 2:
        return found.beside(known)
    answers = figures.probability_table(table, predictor.classes), truth
    predictions = folder.predictions()
    val = predictions[predictions["split"] == "val"] if len(predictions) else predictions
    two = as_two(folder, val, answers, predictor.classes, groups, positive, sensitivity)
    if two is None:
        note("All of these photos are of one class, so there is no sensitivity beside a specificity to tell.")
    return found.beside(known, two)
