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
from sightline.models.zoo import Network
from sightline.predict import Outputs, Predictor
from sightline.prepare import Prepared
from sightline.progress import track
from sightline.runs import RunFolder
from sightline.trust import calibration, conformal, familiarity

_CHUNK = 512


def calibrate(network: Network, config: Config, prepared: Prepared, run: RunFolder) -> tuple[Predictor, Outputs]:
    """Fit temperature, sets and familiarity on val, and write the model folder.

    Returns:
        The predictor, and what it says of the validation photos.
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
    embeddings, logits = _look(predictor.raw, prepared.pixels, val, "Calibrating on val")
    predictor.temperature = calibration.fit_temperature(logits, labels[val])
    probabilities = calibration.probabilities(logits, predictor.temperature)
    predictor.threshold = conformal.fit(probabilities, labels[val], config.coverage)

    # The photos that familiarity remembers are drawn here, so that each can be named again as a neighbour.
    remembered = np.sort(np.random.default_rng(0).permutation(train)[: familiarity.MOST])
    known, _ = _look(predictor.engine, prepared.pixels, remembered, "Remembering training photos")
    predictor.familiarity = familiarity.fit(known, embeddings)
    samples = prepared.dataset.samples.iloc[remembered]
    run.write_extra("neighbours", {"paths": list(samples["path"]), "labels": list(samples["label"])})
    predictor.save(run.model, {"dataset": prepared.dataset.name, "origin": network.origin})
    return predictor, predictor.judge(embeddings, logits)


def open_test(predictor: Predictor, on_val: Outputs, prepared: Prepared, run: RunFolder) -> dict[str, Any]:
    """Look at the test photos, once; write predictions and extras, and evaluation.json last."""
    samples = prepared.dataset.samples
    val, test = prepared.rows("val"), prepared.rows("test")
    times = ledger.opened(run.path, samples["digest"].iloc[test], "train")
    on_test = predictor.judge(*_look(predictor.raw, prepared.pixels, test, "Opening the test photos"))
    tables = [
        prediction_table(samples.iloc[rows], predictor.classes, outputs)
        for rows, outputs in ((val, on_val), (test, on_test))
    ]
    run.write_predictions(pd.concat(tables, ignore_index=True))
    evaluation = evaluate(tables[1], predictor.classes, test_opened=times)
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
    return predictor.judge(*_look(predictor.raw, pixels, rows, label))


def _look(
    at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], pixels: Pixels, rows: np.ndarray, label: str
) -> tuple[np.ndarray, np.ndarray]:
    parts = []
    with track(label, len(rows)) as advance:
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            parts.append(at(pixels.take(part)))
            advance(len(part))
    embeddings, logits = zip(*parts, strict=True)
    return np.concatenate(embeddings), np.concatenate(logits)
