"""A trained network -> a model folder that knows how sure it is, and one look at the test photos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sightline import ledger
from sightline.config import Config
from sightline.data.pixels import Pixels
from sightline.evaluation import evaluate
from sightline.models import engines
from sightline.models.engines import Engine
from sightline.models.zoo import Network
from sightline.predict import Outputs, Predictor
from sightline.prepare import Prepared
from sightline.progress import track
from sightline.runs import RunFolder
from sightline.trust import calibration, conformal, familiarity
from sightline.trust.familiarity import Familiarity

_CHUNK = 512


def calibrate(network: Network, config: Config, prepared: Prepared, run: RunFolder) -> tuple[Predictor, pd.DataFrame]:
    """Fit temperature, sets and familiarity on val, and write the model folder.

    Returns:
        The predictor, and its predictions for the validation photos.
    """
    assert config.machine is not None, "the machine is settled before training starts"
    train, val = prepared.rows("train"), prepared.rows("val")
    labels = prepared.labels
    judged = len(prepared.rows("test")) + len(val) + min(len(train), familiarity.MOST)
    views = 2 if config.tta == "flip" else 1
    engine = engines.choose(
        network, prepared.pixels.take(val[:400]), device=config.machine.device, photos=judged * views
    )
    predictor = Predictor(network, engine, tta=config.tta, coverage=config.coverage)
    embeddings, logits = look(predictor.raw, prepared.pixels, val, "Calibrating on val")
    predictor.temperature = calibration.fit_temperature(logits, labels[val])
    probabilities = calibration.probabilities(logits, predictor.temperature)
    predictor.threshold = conformal.fit(probabilities, labels[val], config.coverage)
    predictor.familiarity = remember(predictor.engine, train, embeddings, prepared, run)
    predictor.save(run.model, {"dataset": prepared.dataset.name, "origin": network.origin})
    outputs = predictor.judge(embeddings, logits)
    return predictor, prediction_table(prepared.dataset.samples.iloc[val], predictor.classes, outputs)


def remember(
    engine: Engine, learned: np.ndarray, unseen: np.ndarray, prepared: Prepared, run: RunFolder
) -> Familiarity:
    """Fit familiarity, and write down which photos it remembers.

    Args:
        engine: runs the network whose embeddings these are.
        learned: rows of the photos that this network learned from.
        unseen: (v, F) embeddings of photos that it did not learn from.
    """
    # The photos that familiarity remembers are drawn here, so that each can be named again as a neighbour.
    remembered = np.sort(np.random.default_rng(0).permutation(learned)[: familiarity.MOST])
    known, _ = look(engine, prepared.pixels, remembered, "Remembering training photos")
    samples = prepared.dataset.samples.iloc[remembered]
    run.write_extra("neighbours", {"paths": list(samples["path"]), "labels": list(samples["label"])})
    return familiarity.fit(known, unseen)


def open_test(predictor: Predictor, on_val: pd.DataFrame, prepared: Prepared, run: RunFolder) -> dict[str, Any]:
    """Look at the test photos, once; write predictions, those `on_val` first, and evaluation.json last."""
    samples, test = prepared.dataset.samples, prepared.rows("test")
    times = ledger.opened(run.path, samples["digest"].iloc[test], "train")
    on_test = judge_rows(predictor, prepared.pixels, test, "Opening the test photos")
    table = prediction_table(samples.iloc[test], predictor.classes, on_test)
    run.write_predictions(pd.concat([on_val, table], ignore_index=True))
    evaluation = evaluate(table, predictor.classes, test_opened=times)
    run.write_evaluation(evaluation)
    return evaluation


def prediction_table(samples: pd.DataFrame, classes: tuple[str, ...], outputs: Outputs) -> pd.DataFrame:
    """The columns of predictions.parquet for these samples."""
    names = np.array(classes, dtype=object)
    return pd.DataFrame(
        {
            "path": samples["path"].to_numpy(),
            "split": samples["split"].to_numpy(),
            "label": samples["label"].to_numpy(),
            "predicted": names[outputs.probabilities.argmax(1)],
            "confidence": outputs.probabilities.max(1),
            **{f"p_{name}": outputs.probabilities[:, i] for i, name in enumerate(classes)},
            "set": ["|".join(names[inside]) for inside in outputs.sets],
            "familiar": outputs.familiar,
            "decision": outputs.decisions,
        }
    )


def judge_rows(predictor: Predictor, pixels: Pixels, rows: np.ndarray, label: str) -> Outputs:
    """What the predictor says of some rows, with progress under `label`."""
    return predictor.judge(*look(predictor.raw, pixels, rows, label))


def look(
    at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], pixels: Pixels, rows: np.ndarray, label: str
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (n, F) and logits (n, K) of some rows, with progress under `label`."""
    parts = []
    with track(label, len(rows)) as advance:
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            parts.append(at(pixels.take(part)))
            advance(len(part))
    embeddings, logits = zip(*parts, strict=True)
    return np.concatenate(embeddings), np.concatenate(logits)
