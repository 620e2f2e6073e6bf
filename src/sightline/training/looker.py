"""Has a trained network look at a run's photos, in batches and with progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sightline.config import Config, Machine
from sightline.data.pixels import Pixels
from sightline.models.engines import Engine
from sightline.predictor import Predictor
from sightline.runs.prepare import Prepared
from sightline.system.progress import track
from sightline.training.features import frozen_features
from sightline.trust.outputs import Outputs

_CHUNK = 512


@dataclass(frozen=True)
class Looker:
    """A predictor before photos. `features` (N, F), where they are given, stand in for the network."""

    predictor: Predictor
    pixels: Pixels
    features: np.ndarray | None = None

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

    def judge(self, rows: np.ndarray, label: str) -> Outputs:
        """All that the calibrated predictor says of some rows, with progress under `label`."""
        return self.predictor.judge(*self.answers(rows, label))


def has_features(config: Config, machine: Machine) -> bool:
    """Whether a run leaves the backbone as it was, so that features kept of it give the same answers as the network.

    They do so only where they were computed in float32, as answers are, and where no mirror image is asked for.
    """
    exact = not machine.engine.endswith("bfloat16")
    return config.fits_head_only and config.tta == "none" and exact


def looker(predictor: Predictor, config: Config, machine: Machine, prepared: Prepared) -> Looker:
    """The predictor before the photos of its run; features that were kept are used where they can be."""
    if not has_features(config, machine):
        return Looker(predictor, prepared.pixels)
    # As training kept them; if they are gone, the predictor's own engine computes them again.
    engine = Engine(machine.engine, machine.device, machine.evaluation_batch, predictor.engine.run)
    features = frozen_features(predictor.network, engine, prepared.pixels, prepared.digests)
    return Looker(predictor, prepared.pixels, features)


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
