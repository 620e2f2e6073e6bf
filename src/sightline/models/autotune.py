"""The fastest engine for a network on this machine, among those that answer as eager float32 does.

Which is fastest depends on the network, the size and the machine, so the candidates are tried for about a second at
first use, and the choice is remembered (`choices.py`). A candidate whose answers leave the bounds below is not used,
however fast it is.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from sightline.errors import SightlineError
from sightline.models import choices, engines, onnx_runtime
from sightline.models.engines import Engine, Outputs
from sightline.models.network import Network

# Largest difference of a probability from eager float32, and the least share of equal labels.
BOUNDS = {"float32": (1e-4, 0.995), "bfloat16": (2e-2, 0.995)}
# Where the head is still random its labels mean nothing: the largest error of an embedding, relative to its length.
EMBEDDING_BOUNDS = {"float32": 1e-3, "bfloat16": 0.1}

# Compiling takes some seconds, exporting to ONNX one or two; where the rest takes less they cannot win them back.
_SECONDS_WORTH_SETTING_UP = 20.0
_MANY = 2000  # photos, from which on the choice is made and remembered apart
_SECONDS_PER_CANDIDATE = 0.2
_MOST_PIXELS = {True: 32 * 512**2, False: 512 * 384**2}  # in one batch, on a processor and elsewhere
_BATCHES = {"cpu": onnx_runtime.BATCHES, "other": (64, 128, 256, 512)}  # photos at once


def fastest_engine(
    network: Network,
    sample: np.ndarray,
    *,
    device: str = "cpu",
    photos: int = 0,
    trained: bool = True,
    precision: str | None = None,
) -> Engine:
    """The fastest engine for `network` on this machine whose answers agree with eager float32.

    Args:
        network: what to run.
        sample: photos to try it on, (n, S, S, 3) uint8; agreement is checked on all of them, so give 200 or more
            where labels matter.
        device: cpu, cuda or mps.
        photos: how many looks at photos are to come; an engine that must be set up is only tried when they are many.
        trained: judge by probabilities and labels; otherwise by embeddings, since the head is new.
        precision: what was found to hold for these very weights, on photos that count; it is not judged again, and
            with float32 nothing coarser is tried.
    """
    key = choices.key(network, device, photos >= _MANY, trained, precision)
    reference = _Reference(engines.make("eager", network, device), sample, by_labels=trained and precision is None)
    remembered = choices.read().get(key)
    if remembered is not None:
        with suppress(SightlineError):  # an engine that is no longer installed, or whose file cannot be written
            engine = engines.make(remembered.engine, network, device, remembered.batch)
            if engine.name == "eager" or precision is not None or reference.agrees(engine):
                return engine
    fastest, speed = _fastest(network, reference, photos, precision)
    choices.add(key, choices.Choice(engine=fastest.name, batch=fastest.batch, images_per_second=round(speed, 1)))
    return fastest


@dataclass
class _Reference:
    """Eager float32, and what it answers for the photos of a sample: other engines are compared with that."""

    engine: Engine
    sample: np.ndarray
    by_labels: bool

    @cached_property
    def answers(self) -> Outputs:
        return self.engine(self.sample)

    def agrees(self, engine: Engine) -> bool:
        """Whether an engine keeps to the bounds of its precision."""
        embeddings, logits = engine(self.sample)
        if self.by_labels:
            difference, equal = agreement(self.answers[1], logits)
            most, least = BOUNDS[engine.precision]
            return difference <= most and equal >= least
        return embedding_error(self.answers[0], embeddings) <= EMBEDDING_BOUNDS[engine.precision]


def _fastest(network: Network, reference: _Reference, photos: int, precision: str | None) -> tuple[Engine, float]:
    """The engine that won, at its best batch size, and its photos a second."""
    device, sample = reference.engine.device, reference.sample
    fastest, speed = reference.engine, images_per_second(reference.engine, sample)
    at_once, set_up = engines.candidates(device)
    for name in [*at_once[1:], *set_up]:
        if precision == "float32" and name.endswith("bfloat16"):
            continue
        if name in set_up and not _pays(name, network, photos, speed):
            continue
        try:
            engine = engines.make(name, network, device)
            tried = images_per_second(engine, sample)
        except Exception:  # compilers and exporters raise what they like; a network that they cannot take runs without
            if name not in set_up:
                raise
            continue
        if tried > speed * 1.03 and reference.agrees(engine):
            fastest, speed = engine, tried
    for batch in _batches(network, device):
        engine = Engine(fastest.name, device, batch, fastest.run)
        tried = images_per_second(engine, sample)
        if tried > speed * 1.05:
            fastest, speed = engine, tried
    return fastest, speed


def _batches(network: Network, device: str) -> list[int]:
    """Photos at once to try: the larger each is, the fewer, since what a network makes of them takes room too."""
    most = _MOST_PIXELS[device == "cpu"] // network.size**2
    return [batch for batch in _BATCHES.get(device, _BATCHES["other"]) if batch <= most]


def _pays(name: str, network: Network, photos: int, speed: float) -> bool:
    """Whether an engine that must be set up first can win back the seconds that this takes, or has been set up."""
    if photos < _MANY:
        return False
    is_set_up = name == "onnxruntime" and onnx_runtime.path_of(network).exists()
    return photos / speed > _SECONDS_WORTH_SETTING_UP or is_set_up


def agreement(reference: np.ndarray, candidate: np.ndarray) -> tuple[float, float]:
    """Largest difference of a probability, and share of equal labels, between two sets of logits (n, K)."""
    a, b = (
        torch.tensor(np.array(logits, np.float64, order="C")).softmax(dim=1).numpy()
        for logits in (reference, candidate)
    )
    return float(np.abs(a - b).max()), float((a.argmax(1) == b.argmax(1)).mean())


def embedding_error(reference: np.ndarray, candidate: np.ndarray) -> float:
    """The largest error of an embedding (n, F), relative to its length."""
    error = np.linalg.norm(candidate - reference, axis=1) / np.linalg.norm(reference, axis=1).clip(1e-12)
    return float(error.max())


def images_per_second(engine: Engine, sample: np.ndarray) -> float:
    """How fast an engine is on one batch, in the best of a few repeats: other work on the machine only slows it."""
    batch = np.resize(sample, (engine.batch, *sample.shape[1:]))
    engine(batch)
    best, spent, repeats = float("inf"), 0.0, 0
    while spent < _SECONDS_PER_CANDIDATE or repeats < 2:
        started = time.perf_counter()
        engine(batch)
        taken = time.perf_counter() - started
        best, spent, repeats = min(best, taken), spent + taken, repeats + 1
    return len(batch) / best
