"""The whole training story, top to bottom.

A run is a list of phases. A phase either fits a linear head on frozen features in one go (`solver: lbfgs`), or takes
gradient steps for some epochs with part of the network frozen. After each epoch the network is judged on val, and the
best epoch of the whole run is what remains at the end. The test photos are never seen here.

Every random number is a function of (seed, phase, epoch, batch), so a run that was killed goes on exactly as if it had
not been: see `batches.generator` and `checkpoint.py`.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sightline.config import Config, Machine, Phase
from sightline.errors import SightlineError
from sightline.models.engines import Engine
from sightline.models.network import Network
from sightline.runs.folder import METRICS, STEPS, RunFolder
from sightline.training import checkpoint, probe
from sightline.training.batches import Data, Preparation, generator, shuffled
from sightline.training.display import Display
from sightline.training.features import frozen_features
from sightline.training.schedule import groups, rate, trainable

SECONDS_BETWEEN_CHECKPOINTS = 60.0

Row = dict[str, Any]
Figures = tuple[float, float]  # mean loss, accuracy
Tensors = dict[str, torch.Tensor]


class Stopped(SightlineError):
    """The person asked the training to stop; all is kept."""


@dataclass
class State:
    """Where a training stands: what a checkpoint holds beside tensors."""

    phase: int = 0
    epoch: int = 0  # finished epochs of this phase
    batch: int = 0  # finished batches of the epoch under way
    loss: float = 0.0  # sums over those batches
    right: int = 0
    seen: int = 0
    seconds: float = 0.0
    best: tuple[float, float] | None = None  # of the run, see `_score`
    phase_best: tuple[float, float] | None = None
    stale: int = 0  # epochs since phase_best
    metrics: list[Row] = field(default_factory=list)

    def next_epoch(self) -> None:
        """The epoch under way is finished."""
        self.epoch, self.batch, self.loss, self.right, self.seen, self.seconds = self.epoch + 1, 0, 0.0, 0, 0, 0.0

    def next_phase(self) -> None:
        """The phase under way is finished."""
        self.phase, self.epoch, self.phase_best, self.stale = self.phase + 1, 0, None, 0


@dataclass
class Training:
    """All that a training works with; `state`, `best` and `steps` change as it goes."""

    network: Network
    config: Config
    machine: Machine
    data: Data
    run: RunFolder
    prepare: Preparation
    display: Display
    stop: threading.Event
    state: State
    best: Tensors  # the weights of the best epoch so far
    steps: list[Row]  # of steps.csv
    optimiser_tensors: Tensors  # of the phase that was interrupted; used up by its first step
    kept: float = 0.0  # when the last checkpoint was written


def train(
    network: Network, config: Config, data: Data, run: RunFolder, engine: Engine, deadline: float = math.inf
) -> None:
    """Train `network` as `config` says; at the end it holds the weights of the epoch that was best on val.

    Writes RUN/metrics.csv, RUN/steps.csv and RUN/checkpoint/ as it goes, and continues from the checkpoint if there is
    one.

    Args:
        engine: computes frozen features.
        deadline: after this time (of time.monotonic) no epoch is begun.

    Raises:
        Stopped: Ctrl-C; the state is kept.
        SightlineError: the loss is no longer a number.
    """
    assert config.machine is not None, "the machine is settled before training starts"
    module = network.module.to(config.machine.device)
    state, best, steps, optimiser_tensors = _begin(run, module)
    prepare = Preparation(network, config, data, config.machine.device)
    batches_an_epoch = len(shuffled(config, data, 0, 0))
    with Display(config.epochs * batches_an_epoch) as display, _stop_between_steps() as stop:
        training = Training(
            network, config, config.machine, data, run, prepare, display, stop, state, best, steps, optimiser_tensors
        )
        for phase in config.phases[state.phase :]:
            if phase.solver == "lbfgs":
                _fit_head(training, phase, engine)
            else:
                _tune(training, phase, deadline)
            module.load_state_dict(training.best)  # the next phase builds on the best so far, not on the last
            state.next_phase()
            _keep(training, None)
    module.eval()


def _tune(training: Training, phase: Phase, deadline: float) -> None:
    """The epochs of one phase that takes gradient steps."""
    config, state, module = training.config, training.state, training.network.module
    names = trainable(module, phase.train)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name in names)
    if training.machine.channels_last:
        module.to(memory_format=torch.channels_last)
    optimiser = _optimiser(config, groups(module, names, phase.lr, phase.layer_decay, config.weight_decay))
    checkpoint.restore_optimiser(optimiser, training.optimiser_tensors)
    training.optimiser_tensors = {}
    training.kept = time.monotonic()
    epoch_seconds = 0.0

    while state.epoch < phase.epochs and not (config.patience and state.stale >= config.patience):
        if state.metrics and time.monotonic() + 1.3 * epoch_seconds > deadline:
            break  # the plan was too hopeful; what is best so far is kept and evaluated
        _set_mode(module, config)
        batches = shuffled(config, training.data, state.phase, state.epoch)
        started = time.monotonic() - state.seconds
        for number in range(state.batch, len(batches)):
            step = state.epoch * len(batches) + number
            lr = rate(
                phase.schedule, step, phase.epochs * len(batches), phase.lr, warmup=phase.warmup, decay=phase.decay,
                cycle_steps=phase.cycle_epochs * len(batches), lr_min=phase.lr_min,
            )  # fmt: skip
            for group in optimiser.param_groups:
                group["lr"] = lr * group["scale"]

            draws = generator(config.seed, state.phase, state.epoch, number)
            torch.manual_seed(int(torch.randint(2**62, (), generator=draws)))  # for dropout and stochastic depth
            images, targets = training.prepare(batches[number], draws)
            with _precision(training.machine):
                logits = module(images)
            weights = training.prepare.class_weights
            loss = F.cross_entropy(logits.float(), targets, weights, label_smoothing=config.label_smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = _clip(module, config)
            optimiser.step()

            state.batch, state.seen = number + 1, state.seen + len(images)
            state.loss += loss.item() * len(images)
            state.right += int((logits.argmax(1) == targets.argmax(1)).sum())
            state.seconds = time.monotonic() - started
            rates = [group["lr"] for group in optimiser.param_groups]
            _record(training, phase, step, len(batches), rates, loss.item(), norm)
            if training.stop.is_set():
                _keep(training, optimiser)
                raise Stopped(f"Stopped; nothing is lost. Go on with: sightline train --resume {training.run.whole}")
            if time.monotonic() - training.kept > SECONDS_BETWEEN_CHECKPOINTS:
                _keep(training, optimiser)

        epoch_seconds = state.seconds
        on_train = state.loss / state.seen, state.right / state.seen
        _conclude(training, phase, on_train, _judge(training), state.seen)
        state.next_epoch()
        _keep(training, optimiser)


def _fit_head(training: Training, phase: Phase, engine: Engine) -> None:
    """Fit the classifier on frozen features of the training photos, and put it into the network."""
    started = time.monotonic()
    data, network = training.data, training.network
    if any(earlier.solver == "gradient" for earlier in training.config.phases[: training.state.phase]):
        network = replace(network, weights_digest="")  # these are no longer the weights that features are kept under
    # Of every photo, so that what is kept serves any other split too; only those of train and val are looked at here.
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
        state.best, training.best = score, _snapshot(training.network.module)
    if state.phase_best is None or score > state.phase_best:
        state.phase_best, state.stale = score, 0
    else:
        state.stale += 1
    training.display.epoch(row, phase.epochs if phase.solver == "gradient" else 1, best=score == state.best)


def _record(
    training: Training, phase: Phase, step: int, batches: int, rates: list[float], loss: float, norm: float
) -> None:
    """Write down a step, and show it."""
    if not math.isfinite(loss):
        raise SightlineError(
            f"The loss is no longer a number (phase {phase.name}, step {step + 1}). Use a lower --lr than {phase.lr:g}."
        )
    state, config = training.state, training.config
    training.steps.append(dict(zip(STEPS, (phase.name, step + 1, min(rates), max(rates), loss, norm), strict=True)))
    earlier = sum(p.epochs for p in config.phases[: state.phase] if p.solver == "gradient") * batches
    speed = state.seen / state.seconds
    training.display.step(phase.name, state.epoch + 1, phase.epochs, earlier + step + 1, loss, speed)


@torch.no_grad()
def _judge(training: Training) -> Figures:
    """Mean cross entropy and accuracy on val."""
    module, prepare, val = training.network.module.eval(), training.prepare, training.data.val
    loss, right, batch = 0.0, 0, training.machine.evaluation_batch
    for start in range(0, len(val), batch):
        rows = val[start : start + batch]
        with _precision(training.machine):
            logits = module(prepare.plain(rows))
        loss += float(F.cross_entropy(logits.float(), prepare.truth(rows), reduction="sum"))
        right += int((logits.argmax(1) == prepare.truth(rows)).sum())
    return loss / len(val), right / len(val)


def _score(row: Row) -> tuple[float, float]:
    """What "best on val" means: accuracy, and the lower loss where that is equal."""
    return row["val_accuracy"], -row["val_loss"]


def _optimiser(config: Config, parameter_groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameter_groups, momentum=config.momentum)
    return torch.optim.Adam(parameter_groups) if config.optimizer == "adam" else torch.optim.AdamW(parameter_groups)


def _set_mode(module: nn.Module, config: Config) -> None:
    """Training mode; but batch norm in frozen layers keeps the statistics that it was pretrained with."""
    module.train()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            learns = any(parameter.requires_grad for parameter in part.parameters())
            part.train(learns and not config.freeze_norm)


def _clip(module: nn.Module, config: Config) -> float:
    """Clip the gradients as configured; returns their norm before."""
    learning = [parameter for parameter in module.parameters() if parameter.grad is not None]
    norm = torch.nn.utils.clip_grad_norm_(learning, config.clip_norm or math.inf)
    if config.clip_value:
        torch.nn.utils.clip_grad_value_(learning, config.clip_value)
    return float(norm)


def _precision(machine: Machine) -> torch.autocast:
    return torch.autocast(machine.device.partition(":")[0], torch.bfloat16, enabled=machine.precision == "bfloat16")


def _snapshot(module: nn.Module) -> Tensors:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _begin(run: RunFolder, module: nn.Module) -> tuple[State, Tensors, list[Row], Tensors]:
    """What to start from: the state, the best weights, the rows of steps.csv, and the optimiser's tensors."""
    found = checkpoint.load(run.checkpoint)
    if found is None:
        return State(), _snapshot(module), [], {}
    tensors, facts = found
    names = facts.pop("step_phases")
    for name in ("best", "phase_best"):
        facts[name] = tuple(facts[name]) if facts[name] else None  # JSON knows lists only
    module.load_state_dict(checkpoint.with_prefix("model.", tensors))
    steps = [
        dict(zip(STEPS, (names[int(phase)], int(step), *figures), strict=True))
        for phase, step, *figures in tensors["steps"].tolist()
    ]
    best = checkpoint.with_prefix("best.", tensors)
    return State(**facts), best, steps, checkpoint.with_prefix("optimiser.", tensors)


def _keep(training: Training, optimiser: torch.optim.Optimizer | None) -> None:
    """Write the checkpoint, then what people read."""
    names = list(dict.fromkeys(row["phase"] for row in training.steps))
    rows = [[names.index(row["phase"]), *(row[name] for name in STEPS[1:])] for row in training.steps]
    tensors = {
        **checkpoint.prefixed("model.", training.network.module.state_dict()),
        **checkpoint.prefixed("best.", training.best),
        **checkpoint.prefixed("optimiser.", checkpoint.optimiser_tensors(optimiser) if optimiser else {}),
        "steps": torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(STEPS)),
    }
    checkpoint.save(training.run.checkpoint, tensors, {**vars(training.state), "step_phases": names})
    training.run.write_metrics(training.state.metrics)
    training.run.write_steps(training.steps)
    training.kept = time.monotonic()


@contextmanager
def _stop_between_steps() -> Iterator[threading.Event]:
    """Ctrl-C asks the loop to stop after the step under way; a second one stops at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
