"""The fastest engine for a network on this machine, among those that answer as eager float32 does.

Which is fastest depends on the network, the size and the machine, so the candidates are tried for a few seconds at
first use, and the choice is remembered (`choices.py`). A candidate whose answers leave the bounds below is not used,
however fast it is. A choice that was made while the machine was busy, or that no longer keeps what it promised, is made
anew.
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
from sightline.models.choices import Choice
from sightline.models.engines import Engine, Outputs
from sightline.models.network import Network
from sightline.models.trials import Trials, rate, take_turns
from sightline.system.load import Neighbours

# Largest difference of a probability from eager float32, and the least share of equal labels.
BOUNDS = {"float32": (1e-4, 0.995), "bfloat16": (2e-2, 0.995)}
# Where the head is still random its labels mean nothing: the largest error of an embedding, relative to its length.
EMBEDDING_BOUNDS = {"float32": 1e-3, "bfloat16": 0.1}

# Compiling takes ten seconds, exporting to ONNX two; where the rest takes little more they cannot win them back.
_SECONDS_WORTH_SETTING_UP = {"onnxruntime": 6.0, "compiled-bfloat16": 20.0}
_MOST_SECONDS = 1.5  # in a race: what it can win is a few seconds too
_FEW = 64  # photos, below which trying engines takes longer than any of them could save
_MANY = 400  # photos, from which on it may be worth to set an engine up
_FASTER = 1.03  # an engine must be, to be taken in place of eager
_FASTER_BATCH = 1.05  # a batch size must be, to be taken in place of the usual one
_OFF = 1.6  # the factor by which a choice may miss what it promised
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
        photos: how many looks at photos are to come, 0: not known. Of a few nothing is tried, eager answers; an engine
            that must be set up is only tried when they are many.
        trained: judge by probabilities and labels; otherwise by embeddings, since the head is new.
        precision: what was found to hold for these very weights, on photos that count; it is not judged again, and
            with float32 nothing coarser is tried.
    """
    may_set_up = photos >= _MANY or _is_set_up(network, device)
    # What was fastest for other looks at photos is so for these as well, if it holds their bounds.
    uses = ((trained, precision), (True, None), (False, None))
    key, *others = (choices.key(network, device, may_set_up, *use) for use in uses)
    reference = _Reference(engines.make("eager", network, device), sample, by_labels=trained and precision is None)
    known = choices.read()
    remembered = known.get(key) or known.get(others[0]) or known.get(others[1])
    if remembered is not None and not (precision == "float32" and remembered.name.endswith("bfloat16")):
        with suppress(SightlineError):  # an engine that is no longer installed, or whose file cannot be written
            engine = engines.make(remembered.name, network, device, remembered.batch)
            if precision is not None or _holds(remembered, engine, reference):
                return engine
    elif 0 < photos < _FEW:
        return reference.engine
    fastest, found = _fastest(network, reference, photos, precision)
    choices.add(key, choices.make(network, "answers" if trained else "features", device, *found))
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


def _holds(choice: Choice, engine: Engine, reference: _Reference) -> bool:
    """Whether a remembered choice still answers right, and about as fast as it promised."""
    expected = reference.answers if engine.name != "eager" else None
    neighbours, started = Neighbours(), time.perf_counter()
    right = expected is None or reference.agrees(engine)
    if expected is None:
        engine(reference.sample)
    speed = len(reference.sample) / (time.perf_counter() - started)
    return right and keeps_its_promise(choice, speed, neighbours.are_busy)


def keeps_its_promise(choice: Choice, images_per_second: float, busy: bool) -> bool:
    """Whether a choice stands.

    Args:
        choice: what was found once.
        images_per_second: what its engine does now.
        busy: whether other programs use the machine now, so that a slow engine is no wonder.
    """
    slower = images_per_second * _OFF < choice.images_per_second
    faster = images_per_second > choice.images_per_second * _OFF
    if busy:
        return not faster
    return not (choice.under_load or slower or faster)


def _fastest(
    network: Network, reference: _Reference, photos: int, precision: str | None
) -> tuple[Engine, tuple[str, int, float, bool]]:
    """The engine that won, at its best batch size; its name, batch, photos a second, and whether others interfered."""
    device, sample = reference.engine.device, reference.sample
    at_once, set_up = engines.candidates(device)
    names = [name for name in at_once[1:] if precision != "float32" or not name.endswith("bfloat16")]
    tried = {"eager": reference.engine, **{name: engines.make(name, network, device) for name in names}}
    photos_at_once = np.resize(sample, (reference.engine.batch, *sample.shape[1:]))
    speed = rate(lambda: reference.engine(photos_at_once), len(photos_at_once))
    for name in set_up:
        if (precision == "float32" and name.endswith("bfloat16")) or not _pays(name, network, photos, speed):
            continue
        try:
            engine = engines.make(name, network, device)
            engine(sample[:1])
        except Exception:  # compilers and exporters raise what they like; a network that they cannot take runs without
            continue
        tried[name] = engine
    trials = _race(tried, sample)
    while (name := trials.fastest(_FASTER)) != "eager" and not reference.agrees(tried[name]):
        trials = Trials({other: s for other, s in trials.seconds.items() if other != name}, trials.under_load)
    winner = tried[name]
    sizes = [winner.batch, *(batch for batch in _batches(network, device) if batch != winner.batch)]
    sized = {str(batch): Engine(name, device, batch, winner.run) for batch in sizes}
    batches = _race(sized, sample)
    best = sized[batches.fastest(_FASTER_BATCH)]
    per_photo = batches.seconds[str(best.batch)]
    return best, (name, best.batch, winner.batch / per_photo, trials.under_load or batches.under_load)


def _race(tried: dict[str, Engine], sample: np.ndarray) -> Trials:
    """The time that each engine takes over as many photos as the first one takes at once."""
    first = next(iter(tried.values()))
    scale = {name: first.batch / engine.batch for name, engine in tried.items()}
    batch = {name: np.resize(sample, (engine.batch, *sample.shape[1:])) for name, engine in tried.items()}
    ways = {name: lambda n=name: tried[n](batch[n]) for name in tried}
    trials = take_turns(ways, most_seconds=_MOST_SECONDS)
    return Trials({name: seconds * scale[name] for name, seconds in trials.seconds.items()}, trials.under_load)


def _batches(network: Network, device: str) -> list[int]:
    """Photos at once to try: the larger each is, the fewer, since what a network makes of them takes room too."""
    most = _MOST_PIXELS[device == "cpu"] // network.size**2
    return [batch for batch in _BATCHES.get(device, _BATCHES["other"]) if batch <= most]


def _pays(name: str, network: Network, photos: int, speed: float) -> bool:
    """Whether an engine that must be set up first can win back the seconds that this takes, or has been set up."""
    wins = photos >= _MANY and photos / speed > _SECONDS_WORTH_SETTING_UP[name]
    return wins or (name == "onnxruntime" and _is_set_up(network, "cpu"))


def _is_set_up(network: Network, device: str) -> bool:
    return device == "cpu" and onnx_runtime.is_installed() and onnx_runtime.path_of(network).exists()


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
