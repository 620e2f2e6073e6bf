"""Cross-validation: as many trainings as there are folds, each judged on the fold that it did not learn from.

The test part stays closed; the folds share out all other photos. Each fold's training is the whole of
`training/loop.py`, with the held-out fold as its val. So the epoch that it keeps was chosen on the photos that it is
then judged on, and the mean over the folds is a little hopeful. The figure on test is not.

On request the networks stay together as an ensemble (models/ensemble.py), and the run's model is their mean.
"""

from __future__ import annotations

import copy
import shutil
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from sightline.config import Config, Machine
from sightline.models import autotune, engines
from sightline.models.folder import load_network, member, save_network
from sightline.models.network import Network, join
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Fold, Folds
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Prepared
from sightline.splits import folds
from sightline.system import words
from sightline.system.progress import note
from sightline.training import loop
from sightline.training.finish import complete, prediction_table, remember, spread
from sightline.training.looker import Looker, looker
from sightline.training.loop import OnStep
from sightline.trust import answers, calibration, conformal
from sightline.trust.decision import decide
from sightline.trust.familiarity import MOST
from sightline.trust.intervals import wilson
from sightline.trust.outputs import Outputs


def deal(prepared: Prepared, config: Config) -> Prepared:
    """Say in which fold each photo is held out: column `fold` of the samples, 1 to K, and 0 for test.

    Classes are spread evenly, and duplicates and groups stay whole. Only the split seed moves the folds. For an
    ensemble every photo outside test is a training photo: there is no val beside the folds.

    Raises:
        SightlineError: a class has too few independent photos to be in every fold.
    """
    assert config.folds is not None
    samples = prepared.dataset.samples
    rows = np.flatnonzero((samples["split"] != "test").to_numpy())
    known = samples.iloc[rows].reset_index(drop=True)
    fold = np.zeros(len(samples), dtype=np.int64)
    fold[rows] = 1 + folds.folds(known, known["duplicate_group"], config.folds, seed=config.split_seed)
    samples = samples.assign(fold=fold)
    if config.ensemble:
        samples["split"] = np.where(fold > 0, "train", samples["split"])
    return replace(prepared, dataset=prepared.dataset.replace(samples=samples))


def train(
    network: Network,
    config: Config,
    machine: Machine,
    prepared: Prepared,
    run: RunFolder,
    *,
    deadline: float,
    on_step: OnStep | None = None,
) -> None:
    """Train on all folds but one, for each of them; finished folds are left as they are.

    Writes RUN/folds/1 and so on, with the predictions for the photos held out, and RUN/extras/folds.json. The
    networks of an ensemble are kept as RUN/model/member-1 and so on.

    Args:
        network: as the recipe builds it; each fold trains a copy.
        config: every choice of the training.
        machine: what the run was settled to.
        prepared: as `deal` gave it.
        run: the whole run.
        deadline: of time.monotonic, for these trainings and the one after them, if there is one.
        on_step: see `loop.OnStep`.

    Raises:
        Stopped: Ctrl-C; the state is kept.
        SightlineError: as `loop.train`.
    """
    assert config.folds is not None
    trainings = config.folds + (0 if config.ensemble else 1)
    for number in range(1, config.folds + 1):
        fold = run.fold(number)
        if not len(fold.predictions()):
            now = time.monotonic()
            share = now + (deadline - now) / (trainings - number + 1)
            _train_one(number, network, config, machine, prepared, run, share, on_step)
        if not config.keep_checkpoint:
            shutil.rmtree(fold.checkpoint, ignore_errors=True)
    found = summary(run, config)
    run.write_extra(found)
    rest = "Together they are the model." if config.ensemble else "Now the network itself, on all of train."
    note(f"Over {config.folds} folds: {words.percent(found.mean)} ± {100 * found.spread:.1f} points. {rest}")


def _train_one(
    number: int,
    network: Network,
    config: Config,
    machine: Machine,
    prepared: Prepared,
    run: RunFolder,
    deadline: float,
    on_step: OnStep | None,
) -> None:
    fold = run.fold(number)
    learned, held = _rows(prepared, number)
    note(f"Fold {number} of {config.folds}: {len(learned):,} photos to learn from, {len(held):,} held out")
    fresh = replace(network, module=copy.deepcopy(network.module))
    engine = engines.make(machine.engine, fresh, machine.device, machine.evaluation_batch)
    data = prepared.data(learned, held)
    loop.train(fresh, config, machine, data, fold, engine, deadline=deadline, on_step=on_step)
    # Always in float32: these answers are kept and calibrated on, so they must come out the same after an interruption.
    name = "channels-last" if machine.channels_last else "eager"
    predictor = Predictor(fresh, engines.make(name, fresh, machine.device, machine.evaluation_batch), tta=config.tta)
    _, logits = looker(predictor, config, machine, prepared).answers(held, f"Judging fold {number}")
    if config.ensemble:
        save_network(fresh, member(run.model, number))
    table = _uncalibrated(prepared.dataset.samples.iloc[held], fresh.classes, logits)
    fold.write_predictions(table)  # last: with it the fold is finished
    right = float((table["label"] == table["predicted"]).mean())
    note(f"Fold {number} of {config.folds}: {words.percent(right)} of the {len(held):,} held out")
    run.log(f"fold {number} of {config.folds}: {right:.4f} of {len(held)}")


def summary(run: RunFolder, config: Config) -> Folds:
    """What the folds came to."""
    assert config.folds is not None
    tables = [run.fold(number).predictions() for number in range(1, config.folds + 1)]
    photos = sum(len(table) for table in tables)
    accuracies = [float((table["label"] == table["predicted"]).mean()) for table in tables]
    rows = []
    for number, table in enumerate(tables, 1):
        metrics = run.fold(number).metrics()
        best = metrics.sort_values(["val_accuracy", "val_loss"], ascending=[False, True], kind="stable").iloc[0]
        right = int((table["label"] == table["predicted"]).sum())
        row = Fold(
            fold=number,
            learned=photos - len(table),
            held_out=len(table),
            right=right,
            accuracy=accuracies[number - 1],
            accuracy_ci95=wilson(right, len(table)),
            phase=str(best["phase"]),
            epoch=int(best["epoch"]),
            epochs=len(metrics),
            seconds=float(metrics["seconds"].sum()),
        )
        rows.append(row)
    return Folds(
        accuracies=tuple(accuracies),
        mean=float(np.mean(accuracies)),
        spread=float(np.std(accuracies, ddof=1)),
        ensemble=config.ensemble,
        folds=tuple(rows),
    )


def together(
    origin: str, config: Config, machine: Machine, prepared: Prepared, run: RunFolder
) -> tuple[Looker, pd.DataFrame]:
    """The networks of all folds as one predictor, calibrated and saved as the model folder.

    Temperature and sets are fitted on out-of-fold answers: for each photo, those of the one member that has not learned
    from it. What is used afterwards is the mean of all members, which is right a little more often and, where they
    disagree, less sure than a member. So its confidence tends to be understated rather than overstated, and the sets
    tend to hold the truth more often than asked. (Such a mix of two scorers is cross-conformal prediction: Vovk 2015,
    and for certain it promises only 1 - 2 · (1 - coverage); in practice it covers what was asked or more. The test
    photos measure it.)

    Familiarity is that of the first member: it remembers photos that this member learned from, and its threshold comes
    from fold 1, which it did not. A distance over all members could not be calibrated honestly, since all but one of
    them have learned from any photo at hand.

    Args:
        origin: where the weights came from at the start, in words.
        config: says how many folds, the coverage, and whether mirror images are looked at.
        machine: what the run was settled to.
        prepared: as `deal` gave it.
        run: whose folds are finished.

    Returns:
        The predictor before the photos of the run, and out-of-fold predictions for every photo of the folds, under the
        calibration found. Photos that the first member learned from count as familiar.
    """
    assert config.folds is not None
    members = [load_network(member(run.model, number)) for number in range(1, config.folds + 1)]
    network = join(members)
    learned, held = _rows(prepared, 1)
    rows = np.sort(np.concatenate([learned, held]))
    views = 2 if config.tta == "flip" else 1
    engine = autotune.fastest_engine(
        network, prepared.pixels.take(spread(held)), device=machine.device,
        photos=len(prepared.rows("test")) * views + min(len(learned), MOST) + len(held),
    )  # fmt: skip
    predictor = Predictor(network, engine, tta=config.tta, coverage=config.coverage)

    logits = _out_of_fold(prepared, run, config.folds, network.classes)[rows]

    first = Predictor(members[0], engines.make(engine.name, members[0], engine.device, engine.batch))
    alone = Looker(first, prepared.pixels)
    unseen = alone.embeddings(held, "Calibrating on fold 1")
    known = remember(alone, learned, unseen, prepared, run)
    complete(
        predictor, logits, prepared.labels[rows], known, run,
        coverage_by=config.coverage_by, dataset=prepared.dataset.name, origin=origin, members=config.folds,
    )  # fmt: skip

    familiar = np.ones(len(rows), dtype=bool)
    familiar[np.searchsorted(rows, held)] = known.familiar(unseen)
    probabilities = calibration.probabilities(logits, predictor.temperature)
    sets = conformal.sets(probabilities, predictor.fitted.limits)
    outputs = Outputs(
        np.empty((len(rows), 0), np.float32), logits, probabilities, sets, familiar,
        decide(probabilities, sets, familiar),
    )  # fmt: skip
    samples = prepared.dataset.samples.iloc[rows].assign(split="val")
    return Looker(predictor, prepared.pixels), prediction_table(samples, network.classes, outputs)


def _rows(prepared: Prepared, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that fold `number` learns from, and those that it holds out."""
    fold = prepared.dataset.samples["fold"].to_numpy()
    return np.flatnonzero((fold > 0) & (fold != number)), np.flatnonzero(fold == number)


def _uncalibrated(samples: pd.DataFrame, classes: tuple[str, ...], logits: np.ndarray) -> pd.DataFrame:
    """predictions.parquet of one fold: path, fold, label, predicted, confidence, p_<class>… at temperature 1."""
    known = samples[["path", "fold", "label"]].reset_index(drop=True)
    return pd.concat([known, answers.named(calibration.probabilities(logits), classes)], axis=1)


def _out_of_fold(prepared: Prepared, run: RunFolder, folds: int, classes: tuple[str, ...]) -> np.ndarray:
    """(N, K) logits, up to a constant, for each photo of the folds, from the network that did not learn from it."""
    logits = np.full((len(prepared.dataset.samples), len(classes)), np.nan)
    for number in range(1, folds + 1):
        p = answers.probabilities(run.fold(number).predictions(), classes)
        logits[_rows(prepared, number)[1]] = np.log(np.maximum(p, 1e-300))
    return logits
