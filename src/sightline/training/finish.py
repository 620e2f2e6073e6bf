"""A trained network -> a model folder that knows how sure it is, and one look at the test photos."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sightline.config import Config, CoverageBy, Machine
from sightline.errors import SightlineError
from sightline.judging.figures import evaluate
from sightline.models import autotune
from sightline.models.network import Network
from sightline.predictor import Predictor
from sightline.runs import ledger
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extras import Neighbours
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Prepared
from sightline.system.thinning import evenly
from sightline.training.looker import Looker, has_features, looker
from sightline.trust import calibration, conformal, familiarity
from sightline.trust.familiarity import Familiarity
from sightline.trust.outputs import Outputs

_TRIED_WITH = 200  # photos, to choose an engine
_FEW = 32  # are enough where only a linear head is new


def calibrate(
    network: Network, config: Config, machine: Machine, prepared: Prepared, run: RunFolder
) -> tuple[Looker, pd.DataFrame]:
    """Fit temperature, sets and familiarity on val, and write the model folder.

    Returns:
        The predictor before the photos of the run, and its predictions for the validation photos.
    """
    train, val = prepared.rows("train"), prepared.rows("val")
    seeing = looker(_predictor(network, config, machine, prepared), config, machine, prepared)
    embeddings, logits = seeing.answers(val, "Calibrating on val")
    known = remember(seeing, train, embeddings, prepared, run)
    complete(
        seeing.predictor, logits, prepared.labels[val], known, run,
        coverage_by=config.coverage_by, dataset=prepared.dataset.name, origin=network.origin,
    )  # fmt: skip
    outputs = seeing.predictor.judge(embeddings, logits)
    return seeing, prediction_table(prepared.dataset.samples.iloc[val], seeing.predictor.classes, outputs)


def complete(
    predictor: Predictor,
    logits: np.ndarray,
    labels: np.ndarray,
    known: Familiarity,
    run: RunFolder,
    *,
    coverage_by: CoverageBy,
    dataset: str,
    origin: str,
    members: int | None = None,
) -> None:
    """Fit temperature and sets, and write the model folder.

    Args:
        predictor: complete afterwards.
        logits: (n, K) for photos that the network behind them has not learned from.
        labels: (n,) their classes.
        known: what `remember` gave.
        run: whose model folder it is.
        coverage_by: whether the sets of each class keep their promise, or those of all on average.
        dataset: its name.
        origin: where the weights came from at the start, in words.
        members: how many networks the ensemble has; None for a single one.

    Raises:
        SightlineError: a logit is no number.
    """
    if not np.isfinite(logits).all():
        raise SightlineError(f"{run.path}: the network answers with what is no number. Train anew, with a lower --lr.")
    predictor.temperature = calibration.fit_temperature(logits, labels)
    probabilities = calibration.probabilities(logits, predictor.temperature)
    predictor.threshold = conformal.fit(probabilities, labels, predictor.coverage)
    if coverage_by == "class":
        predictor.thresholds = conformal.fit_by_class(probabilities, labels, predictor.coverage).tolist()
    predictor.familiarity = known
    predictor.save(run.model, dataset=dataset, origin=origin, members=members)


def _predictor(network: Network, config: Config, machine: Machine, prepared: Prepared) -> Predictor:
    """The network with the fastest engine that gives its answers, not yet calibrated."""
    device, val = machine.device, prepared.rows("val")
    if has_features(config, machine):
        network.module.to(device)
        engine = autotune.fastest_engine(network, prepared.pixels.take(val[:_FEW]), device=device, precision="float32")
    else:
        answered = (len(val) + len(prepared.rows("test"))) * (2 if config.tta == "flip" else 1)
        photos = answered + min(len(prepared.rows("train")), familiarity.MOST)
        engine = autotune.fastest_engine(network, prepared.pixels.take(spread(val)), device=device, photos=photos)
    return Predictor(network, engine, tta=config.tta, coverage=config.coverage)


def spread(rows: np.ndarray) -> np.ndarray:
    """Enough of these rows to choose an engine on, from all over them: they may be sorted by class."""
    return rows[evenly(len(rows), _TRIED_WITH)]


def remember(
    seeing: Looker, learned: np.ndarray, unseen: np.ndarray, prepared: Prepared, run: RunFolder
) -> Familiarity:
    """Fit familiarity, and write down which photos it remembers.

    Args:
        seeing: holds the network whose embeddings these are.
        learned: rows of the photos that this network learned from.
        unseen: (v, F) embeddings of photos that it did not learn from.
        prepared: the photos of the run.
        run: gets RUN/extras/neighbours.json.
    """
    # The photos that familiarity remembers are drawn here, so that each can be named again as a neighbour.
    remembered = np.sort(np.random.default_rng(0).permutation(learned)[: familiarity.MOST])
    known = seeing.embeddings(remembered, "Remembering training photos")
    samples = prepared.dataset.samples.iloc[remembered]
    run.write_extra(Neighbours(paths=tuple(samples["path"]), labels=tuple(samples["label"])))
    return familiarity.fit(known, unseen)


def open_test(seeing: Looker, on_val: pd.DataFrame, prepared: Prepared, run: RunFolder) -> Evaluation:
    """Look at the test photos, once; write predictions, those `on_val` first, and evaluation.json last.

    Raises:
        SightlineError: that the test set was opened cannot be written down.
    """
    samples, test = prepared.dataset.samples, prepared.rows("test")
    times = ledger.opened(run.path, samples["digest"].iloc[test], "train")
    on_test = seeing.judge(test, "Opening the test photos")
    classes = seeing.predictor.classes
    table = prediction_table(samples.iloc[test], classes, on_test)
    run.write_predictions(pd.concat([on_val, table], ignore_index=True))
    evaluation = evaluate(table, classes, test_opened=times)
    run.write_evaluation(evaluation)
    return evaluation


def prediction_table(samples: pd.DataFrame, classes: tuple[str, ...], outputs: Outputs) -> pd.DataFrame:
    """The columns of predictions.parquet for these samples."""
    known = samples[["path", "split", "label"]].reset_index(drop=True)
    return pd.concat([known, outputs.table(classes)], axis=1)
