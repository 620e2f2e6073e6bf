"""The whole training story, top to bottom.

A run is a list of phases. A phase either fits a linear head on frozen features in one go (`solver: lbfgs`), or takes
gradient steps for some epochs with part of the network frozen. After each epoch the network is judged on val, and the
best epoch of the whole run is what remains at the end. The test photos are never seen here.

Every random number is a function of (seed, phase, epoch, batch), so a run that was killed goes on exactly as if it had
not been: see `batches.generator` and `checkpoint.py`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sightline.config import Config, Machine, Phase
from sightline.errors import SightlineError
from sightline.models.engines import Engine
from sightline.models.folding import fold
from sightline.models.freezing import freeze, set_mode
from sightline.models.network import Network
from sightline.runs.columns import METRICS, STEPS
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Data
from sightline.training import checkpoint, probe
from sightline.training.batches import Preparation, generator, shuffled
from sightline.training.checkpoint import Row, Standing, State
from sightline.training.display import Display
from sightline.training.features import frozen_features
from sightline.training.halves import Feed, feed
from sightline.training.interrupt import Stopped, stop_between_steps
from sightline.training.schedule import groups, rate

SECONDS_BETWEEN_CHECKPOINTS = 60.0

Figures = tuple[float, float]  # mean loss, accuracy

OnStep: TypeAlias = Callable[[Path, Row], object]
"""Called after each optimiser step with the run folder (for a fold: its own folder) and the step's row of steps.csv."""


class Step(NamedTuple):
    """What one optimiser step came to."""

    loss: float
    right: int
    grad_norm: float


@dataclass
class Training:
    """All that a training works with; `standing` changes as it goes."""

    network: Network
    config: Config
    machine: Machine
    data: Data
    run: RunFolder
    prepare: Preparation
    display: Display
    stop: threading.Event
    standing: Standing
    on_step: OnStep | None
    kept: float = 0.0  # when the last checkpoint was written

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.standing.state


def train(
    network: Network,
    config: Config,
    machine: Machine,
    data: Data,
    run: RunFolder,
    engine: Engine,
    *,
    deadline: float = math.inf,
    on_step: OnStep | None = None,
) -> None:
    """Train `network` as `config` says; at the end it holds the weights of the epoch that was best on val.

    Writes RUN/metrics.csv, RUN/steps.csv and RUN/checkpoint/ as it goes, and continues from the checkpoint if there is
    one.

    Args:
        network: with the weights to start from.
        config: every choice of the training.
        machine: what the run was settled to.
        data: the photos.
        run: where the tables and the checkpoint go.
        engine: computes frozen features.
        deadline: after this time (of time.monotonic) no epoch is begun.
        on_step: see OnStep.

    Raises:
        Stopped: Ctrl-C; the state is kept.
        SightlineError: the loss is no longer a number.
    """
    module = network.module.to(machine.device)
    standing = checkpoint.begin(run, module)
    prepare = Preparation(network, config, data, machine.device)
    batches_an_epoch = len(shuffled(config, data, 0, 0))
    with Display(config.epochs * batches_an_epoch) as display, stop_between_steps() as stop:
        training = Training(network, config, machine, data, run, prepare, display, stop, standing, on_step)
        for phase in config.phases[standing.state.phase :]:
            if phase.solver == "lbfgs":
                _fit_head(training, phase, engine)
            else:
                _tune(training, phase, deadline)
            module.load_state_dict(standing.best)  # the next phase builds on the best so far, not on the last
            standing.state.next_phase()
            standing.optimiser = {}
            _keep(training)
    module.eval()


def _tune(training: Training, phase: Phase, deadline: float) -> None:
    """The epochs of one phase that takes gradient steps."""
    config, state, module = training.config, training.state, training.network.module
    if training.machine.channels_last:
        module.to(memory_format=torch.channels_last)
    optimiser = learning(module, config, phase)
    checkpoint.restore_optimiser(optimiser, training.standing.optimiser)
    training.standing.optimiser = {}  # used up
    training.kept = time.monotonic()
    feeding = feed(training.network, training.machine, training.prepare, state.phase)
    set_mode(module, config.freeze_norm)
    unfold = fold(training.network)
    try:
        _epochs(training, phase, feeding, optimiser, deadline)
    finally:
        unfold()


def _epochs(training: Training, phase: Phase, feeding: Feed, optimiser: torch.optim.Optimizer, deadline: float) -> None:
    config, state, module = training.config, training.state, training.network.module
    epoch_seconds = state.metrics[-1]["seconds"] if state.epoch and state.metrics else 0.0
    while state.epoch < phase.epochs and not (config.patience and state.stale >= config.patience):
        if state.metrics and time.monotonic() + 1.3 * epoch_seconds > deadline:
            break  # the plan was too hopeful; what is best so far is kept and evaluated
        set_mode(module, config.freeze_norm)
        batches = shuffled(config, training.data, state.phase, state.epoch)
        started = time.monotonic() - state.seconds
        for number in range(state.batch, len(batches)):
            _set_rate(optimiser, phase, state.epoch * len(batches) + number, len(batches))
            draws = generator(config.seed, state.phase, state.epoch, number)
            step = _step(training, feeding, optimiser, batches[number], draws)

            photos = len(batches[number])
            state.batch, state.seen = number + 1, state.seen + photos
            state.loss += step.loss * photos
            state.right += step.right
            state.seconds = time.monotonic() - started
            _record(training, phase, step, optimiser, len(batches))
            if training.stop.is_set():
                _keep(training, optimiser)
                raise Stopped(f"Stopped; nothing is lost. Go on with: sightline train --resume {training.run.whole}")
            if time.monotonic() - training.kept > SECONDS_BETWEEN_CHECKPOINTS:
                _keep(training, optimiser)

        epoch_seconds = state.seconds
        on_train = state.loss / state.seen, state.right / state.seen
        _conclude(training, phase, on_train, _judge(training, feeding), state.seen)
        state.next_epoch()
        _keep(training, optimiser)


def _step(
    training: Training, feeding: Feed, optimiser: torch.optim.Optimizer, rows: np.ndarray, draws: torch.Generator
) -> Step:
    """One optimiser step on the photos of these rows."""
    config, module = training.config, training.network.module
    torch.manual_seed(int(torch.randint(2**62, (), generator=draws)))  # for dropout and stochastic depth
    given, targets = feeding.lesson(rows, training.state.epoch, draws)
    with _precision(training.machine):
        logits = feeding.logits(given)
    weights = training.prepare.class_weights
    loss = F.cross_entropy(logits.float(), targets, weights, label_smoothing=config.label_smoothing)
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = _clip(module, config)
    optimiser.step()
    return Step(loss.item(), int((logits.argmax(1) == targets.argmax(1)).sum()), norm)


def _fit_head(training: Training, phase: Phase, engine: Engine) -> None:
    """Fit the classifier on frozen features of the training photos, and put it into the network."""
    started = time.monotonic()
    data, network = training.data, training.network
    if any(earlier.solver == "gradient" for earlier in training.config.phases[: training.state.phase]):
        network = replace(network, weights_digest="")  # these are no longer the weights that features are kept under
    # Computed for every photo, so that what is kept serves any other split too; only train and val are used here.
    features = frozen_features(network, engine, data.pixels, data.digests)
    train, val = np.asarray(features[data.train]), np.asarray(features[data.val])
    balanced = training.config.class_weights == "balanced"
    fitted = probe.fit(train, data.labels[data.train], val, data.labels[data.val], balanced=balanced)
    classifier: Any = network.module.get_classifier()
    with torch.no_grad():
        classifier.weight.copy_(torch.from_numpy(fitted.weight).view_as(classifier.weight))
        classifier.bias.copy_(torch.from_numpy(fitted.bias))
    figures = []
    for rows, labels in ((train, data.labels[data.train]), (val, data.labels[data.val])):
        logits = torch.from_numpy(fitted.logits(rows))
        loss = float(F.cross_entropy(logits, torch.from_numpy(labels)))
        figures.append((loss, float((logits.argmax(1).numpy() == labels).mean())))
    training.state.seconds = time.monotonic() - started
    _conclude(training, phase, figures[0], figures[1], len(train) + len(val))
    training.state.next_epoch()


def _conclude(training: Training, phase: Phase, on_train: Figures, on_val: Figures, photos: int) -> None:
    """Write down an epoch, and keep its weights if it is the best on val so far."""
    state = training.state
    figures = (
        phase.name,
        state.epoch + 1,
        *on_train,
        *on_val,
        round(state.seconds, 3),
        round(photos / state.seconds, 1),
    )
    row: Row = dict(zip(METRICS, figures, strict=True))
    state.metrics.append(row)
    score = _score(row)
    if state.best is None or score > state.best:
        state.best, training.standing.best = score, checkpoint.snapshot(training.network.module)
    if state.phase_best is None or score > state.phase_best:
        state.phase_best, state.stale = score, 0
    else:
        state.stale += 1
    training.display.epoch(row, phase.epochs if phase.solver == "gradient" else 1, best=score == state.best)


def _record(training: Training, phase: Phase, step: Step, optimiser: torch.optim.Optimizer, batches: int) -> None:
    """Write down a step, and show it; `batches` make an epoch."""
    state, config = training.state, training.config
    number = state.epoch * batches + state.batch
    if not math.isfinite(step.loss):
        raise SightlineError(
            f"The loss is no longer a number (phase {phase.name}, step {number}). Use a lower --lr than {phase.lr:g}."
        )
    rates = [group["lr"] for group in optimiser.param_groups]
    figures = phase.name, number, min(rates), max(rates), step.loss, step.grad_norm
    row: Row = dict(zip(STEPS, figures, strict=True))
    training.standing.steps.append(row)
    earlier = sum(p.epochs for p in config.phases[: state.phase] if p.solver == "gradient") * batches
    speed = state.seen / state.seconds
    training.display.step(phase.name, state.epoch + 1, phase.epochs, earlier + number, step.loss, speed)
    if training.on_step:
        training.on_step(training.run.path, row)


@torch.no_grad()
def _judge(training: Training, feeding: Feed) -> Figures:
    """Mean cross entropy and accuracy on val."""
    training.network.module.eval()
    prepare, val = training.prepare, training.data.val
    loss, right, batch = 0.0, 0, training.machine.evaluation_batch
    for start in range(0, len(val), batch):
        rows = val[start : start + batch]
        with _precision(training.machine):
            logits = feeding.logits(feeding.plain(rows))
        loss += float(F.cross_entropy(logits.float(), prepare.truth(rows), reduction="sum"))
        right += int((logits.argmax(1) == prepare.truth(rows)).sum())
    return loss / len(val), right / len(val)


def _score(row: Row) -> tuple[float, float]:
    """What "best on val" means: accuracy, and the lower loss where that is equal."""
    return row["val_accuracy"], -row["val_loss"]


def learning(module: nn.Module, config: Config, phase: Phase) -> torch.optim.Optimizer:
    """Freeze all that does not learn in this phase; the optimiser over the rest."""
    names = freeze(module, phase.train)
    parts = groups(module, names, phase.lr, phase.layer_decay, config.weight_decay)
    if config.optimizer == "sgd":
        return torch.optim.SGD(parts, momentum=config.momentum)
    return torch.optim.Adam(parts) if config.optimizer == "adam" else torch.optim.AdamW(parts)


def _set_rate(optimiser: torch.optim.Optimizer, phase: Phase, step: int, batches: int) -> None:
    """The learning rate of one step of the phase, given to each group in its proportion; `batches` make an epoch."""
    lr = rate(
        phase.schedule, step, phase.epochs * batches, phase.lr, warmup=phase.warmup, decay=phase.decay,
        cycle_steps=phase.cycle_epochs * batches, lr_min=phase.lr_min,
    )  # fmt: skip
    for group in optimiser.param_groups:
        group["lr"] = lr * group["scale"]


def _clip(module: nn.Module, config: Config) -> float:
    """Clip the gradients as configured; returns their norm before."""
    learning = [parameter for parameter in module.parameters() if parameter.grad is not None]
    norm = torch.nn.utils.clip_grad_norm_(learning, config.clip_norm or math.inf)
    if config.clip_value:
        torch.nn.utils.clip_grad_value_(learning, config.clip_value)
    return float(norm)


def _precision(machine: Machine) -> torch.autocast:
    return torch.autocast(machine.device.partition(":")[0], torch.bfloat16, enabled=machine.precision == "bfloat16")


def _keep(training: Training, optimiser: torch.optim.Optimizer | None = None) -> None:
    """Write the checkpoint; `optimiser` is that of the phase under way."""
    if optimiser is not None:
        training.standing.optimiser = checkpoint.optimiser_tensors(optimiser)
    checkpoint.keep(training.run, training.network.module, training.standing)
    training.kept = time.monotonic()
