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
from sightline.training.features import frozen_features
from sightline.trust import calibration, conformal, familiarity

_CHUNK = 512
_FEW = 64  # photos are enough to compare engines on, where only a linear head is new


class Looker:
    """Has a run's network look at its photos; where only a head was fitted, kept features stand in for the network.

    They do so only where both compute in float32, so that the answers stay the same.
    """

    def __init__(self, network: Network, config: Config, prepared: Prepared) -> None:
        machine, self.pixels, val = config.machine, prepared.pixels, prepared.rows("val")
        assert machine is not None, "the machine is settled before training starts"
        self.features: np.ndarray | None = None
        if config.fits_head_only and config.tta == "none" and not machine.engine.endswith("bfloat16"):
            network.module.to(machine.device)
            engine = engines.choose(network, self.pixels.take(val[:_FEW]), device=machine.device, precision="float32")
            kept_by = engines.Engine(machine.engine, machine.device, machine.evaluation_batch, engine.run)
            digests = list(prepared.dataset.samples["digest"])
            self.features = frozen_features(network, kept_by, self.pixels, digests)
        else:
            views = 2 if config.tta == "flip" else 1
            photos = views * (len(prepared.rows("test")) + len(val)) + min(
                len(prepared.rows("train")), familiarity.MOST
            )
            engine = engines.choose(network, self.pixels.take(val[:400]), device=machine.device, photos=photos)
        self.predictor = Predictor(network, engine, tta=config.tta, coverage=config.coverage)

    def answers(self, rows: np.ndarray, label: str) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings (n, F) and logits (n, K) of some rows, with progress under `label`."""
        if self.features is None:
            return _look(self.predictor.raw, self.pixels, rows, label)
        head = self.predictor.network.module.get_classifier()
        weight, bias = (tensor.detach().cpu().numpy() for tensor in (head.weight, head.bias))
        embeddings = np.asarray(self.features[rows])
        return embeddings, embeddings @ weight.reshape(len(weight), -1).T + bias

    def embeddings(self, rows: np.ndarray, label: str) -> np.ndarray:
        """Embeddings (n, F) alone: no mirror image is needed for them."""
        if self.features is None:
            return _look(self.predictor.engine, self.pixels, rows, label)[0]
        return np.asarray(self.features[rows])


def calibrate(network: Network, config: Config, prepared: Prepared, run: RunFolder) -> tuple[Looker, Outputs]:
    """Fit temperature, sets and familiarity on val, and write the model folder.

    Returns:
        What holds the predictor and has it look at photos, and what it says of the validation photos.
    """
    train, val = prepared.rows("train"), prepared.rows("val")
    labels = prepared.labels
    looker = Looker(network, config, prepared)
    predictor = looker.predictor
    embeddings, logits = looker.answers(val, "Calibrating on val")
    predictor.temperature = calibration.fit_temperature(logits, labels[val])
    probabilities = calibration.probabilities(logits, predictor.temperature)
    predictor.threshold = conformal.fit(probabilities, labels[val], config.coverage)

    # The photos that familiarity remembers are drawn here, so that each can be named again as a neighbour.
    remembered = np.sort(np.random.default_rng(0).permutation(train)[: familiarity.MOST])
    known = looker.embeddings(remembered, "Remembering training photos")
    predictor.familiarity = familiarity.fit(known, embeddings)
    samples = prepared.dataset.samples.iloc[remembered]
    run.write_extra("neighbours", {"paths": list(samples["path"]), "labels": list(samples["label"])})
    predictor.save(run.model, {"dataset": prepared.dataset.name, "origin": network.origin})
    return looker, predictor.judge(embeddings, logits)


def open_test(looker: Looker, on_val: Outputs, prepared: Prepared, run: RunFolder) -> dict[str, Any]:
    """Look at the test photos, once; write predictions and extras, and evaluation.json last."""
    predictor, samples = looker.predictor, prepared.dataset.samples
    val, test = prepared.rows("val"), prepared.rows("test")
    times = ledger.opened(run.path, samples["digest"].iloc[test], "train")
    on_test = predictor.judge(*looker.answers(test, "Opening the test photos"))
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
