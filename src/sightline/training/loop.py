"""The whole training story, top to bottom.

A run is a list of phases. A phase either fits a linear head on frozen features in one go (`solver: lbfgs`), or takes
gradient steps for some epochs with part of the network frozen. After each epoch the network is judged on val, and the
best epoch of the whole run is what remains at the end. The test photos are never seen here.

Every random number is a function of (seed, phase, epoch, batch), so a run that was killed goes on exactly as if it had
not been: see `generator`, and `checkpoint.py`.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sightline.config import Config, Machine, Phase
from sightline.data import augment
from sightline.data.pixels import Pixels
from sightline.errors import SightlineError
from sightline.models.engines import Engine
from sightline.models.zoo import Network
from sightline.runs import RunFolder
from sightline.training import checkpoint, probe
from sightline.training.display import Display
from sightline.training.features import frozen_features
from sightline.training.schedule import groups, rate, trainable

SECONDS_BETWEEN_CHECKPOINTS = 60.0

_NORMS = (nn.modules.batchnorm._BatchNorm,)


@dataclass(frozen=True)
class Data:
    """What a training may see: pixels with labels, and which of them are for training and which for choosing."""

    pixels: Pixels
    labels: np.ndarray  # (N,) class numbers
    digests: list[str]
    train: np.ndarray  # row numbers
    val: np.ndarray


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
    best: tuple[float, float] | None = None  # val accuracy, minus val loss
    stale: int = 0  # epochs of this phase since its best
    phase_best: tuple[float, float] | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)


class Stopped(SightlineError):
    """The person asked the training to stop; all is kept."""


def train(network: Network, config: Config, data: Data, run: RunFolder, engine: Engine) -> None:
    """Train `network` as `config` says; at the end it holds the weights of the epoch that was best on val.

    Writes RUN/metrics.csv, RUN/steps.csv and RUN/checkpoint/ as it goes, and continues from the checkpoint if there is
    one. `engine` computes frozen features.

    Raises:
        Stopped: Ctrl-C; the state is kept.
        SightlineError: the loss is no longer a number.
    """
    assert config.machine is not None, "the machine is settled before training starts"
    module = network.module.to(config.machine.device)
    state, best, steps, restore = _begin(run, module)
    total_steps = sum(p.epochs * len(_batches(config, data, 0, 0)) for p in config.phases if p.solver == "gradient")
    with Display(total_steps) as display, _stop_between_steps() as stop:
        for number in range(state.phase, len(config.phases)):
            phase = config.phases[number]
            if phase.solver == "lbfgs":
                row = _fit_head(phase, network, config, data, engine)
                display.epoch(row, 1, best=True)
                state.metrics.append(row)
                state.best, best = _score(row), _snapshot(module)
            else:
                best = _tune(phase, network, config, data, run, state, best, steps, restore, display, stop)
            module.load_state_dict(best)  # the next phase builds on the best so far, not on the last
            state.phase, state.epoch, state.batch, state.stale, state.phase_best = number + 1, 0, 0, 0, None
            restore = {}
            _keep(run, module, None, best, state, steps)
    module.eval()


def _tune(
    phase: Phase, network: Network, config: Config, data: Data, run: RunFolder, state: State,
    best: dict[str, torch.Tensor], steps: list[dict[str, Any]], restore: dict[str, torch.Tensor],
    display: Display, stop: threading.Event,
) -> dict[str, torch.Tensor]:  # fmt: skip
    """The epochs of one gradient phase; returns the best weights of the run so far."""
    machine = config.machine
    assert machine is not None
    module = network.module
    names = trainable(module, phase.train)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name in names)
    if machine.channels_last:
        module.to(memory_format=torch.channels_last)
    optimiser = _optimiser(config, groups(module, names, phase.lr, phase.layer_decay, config.weight_decay))
    checkpoint.restore_optimiser(optimiser, restore)
    prepare = _Preparation(network, config, data, machine.device)
    per_epoch = len(_batches(config, data, state.phase, 0))
    before = sum(p.epochs * per_epoch for p in config.phases[: state.phase] if p.solver == "gradient")
    kept = time.monotonic()

    while state.epoch < phase.epochs and not (config.patience and state.stale >= config.patience):
        _set_mode(module, config)
        batches = _batches(config, data, state.phase, state.epoch)
        clock = time.monotonic() - state.seconds
        for number in range(state.batch, len(batches)):
            step = state.epoch * per_epoch + number
            lr = rate(
                phase.schedule, step, phase.epochs * per_epoch, phase.lr, warmup=phase.warmup, decay=phase.decay,
                cycle_steps=phase.cycle_epochs * per_epoch, lr_min=phase.lr_min,
            )  # fmt: skip
            for group in optimiser.param_groups:
                group["lr"] = lr * group["scale"]

            draws = generator(config.seed, state.phase, state.epoch, number)
            torch.manual_seed(int(torch.randint(2**62, (), generator=draws)))  # dropout and stochastic depth
            images, targets = prepare(batches[number], draws)
            with _precision(machine):
                logits = module(images)
            loss = F.cross_entropy(
                logits.float(), targets, weight=prepare.class_weights, label_smoothing=config.label_smoothing
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            norm = _clip(module, config)
            optimiser.step()

            value = float(loss.detach())
            if not np.isfinite(value):
                raise SightlineError(
                    f"The loss is no longer a number (phase {phase.name}, step {step + 1}). Use a lower --lr than {phase.lr:g}."
                )
            state.batch = number + 1
            state.loss += value * len(images)
            state.right += int((logits.argmax(1) == targets.argmax(1)).sum())
            state.seen += len(images)
            state.seconds = time.monotonic() - clock
            rates = [group["lr"] for group in optimiser.param_groups]
            steps.append(dict(phase=phase.name, step=step + 1, lr_min=min(rates), lr_max=max(rates), loss=value, grad_norm=norm))
            display.step(phase.name, state.epoch + 1, phase.epochs, before + step + 1, value, state.seen / state.seconds)
            if stop.is_set() or time.monotonic() - kept > SECONDS_BETWEEN_CHECKPOINTS:
                _keep(run, module, optimiser, best, state, steps)
                kept = time.monotonic()
            if stop.is_set():
                raise Stopped(f"Stopped; nothing is lost. Go on with: sightline train --resume {run.path}")

        val_loss, val_accuracy = _judge(module, data, prepare, machine)
        row = dict(
            phase=phase.name, epoch=state.epoch + 1, train_loss=state.loss / state.seen,
            train_accuracy=state.right / state.seen, val_loss=val_loss, val_accuracy=val_accuracy,
            seconds=round(state.seconds, 3), images_per_second=round(state.seen / state.seconds, 1),
        )  # fmt: skip
        state.metrics.append(row)
        score = _score(row)
        if state.best is None or score > state.best:
            state.best, best = score, _snapshot(module)
        improved = state.phase_best is None or score > state.phase_best
        state.phase_best = score if improved else state.phase_best
        state.stale = 0 if improved else state.stale + 1
        state.epoch, state.batch, state.loss, state.right, state.seen, state.seconds = state.epoch + 1, 0, 0.0, 0, 0, 0.0
        display.epoch(row, phase.epochs, best=score == state.best)
        _keep(run, module, optimiser, best, state, steps)
        kept = time.monotonic()
    return best


def _fit_head(phase: Phase, network: Network, config: Config, data: Data, engine: Engine) -> dict[str, Any]:
    """Fit the classifier on frozen features of the training photos and put it into the network."""
    started = time.monotonic()
    both = np.concatenate([data.train, data.val])
    features = frozen_features(network, engine, data.pixels.subset(both), [data.digests[i] for i in both])
    train, val = np.asarray(features[: len(data.train)]), np.asarray(features[len(data.train) :])
    fitted = probe.fit(
        train, data.labels[data.train], val, data.labels[data.val], balanced=config.class_weights == "balanced"
    )
    classifier = network.module.get_classifier()
    with torch.no_grad():
        classifier.weight.copy_(torch.from_numpy(fitted.weight).view_as(classifier.weight))
        classifier.bias.copy_(torch.from_numpy(fitted.bias))
    losses, accuracies = [], []
    for rows, labels in ((train, data.labels[data.train]), (val, data.labels[data.val])):
        logits = torch.from_numpy(fitted.logits(rows))
        losses.append(float(F.cross_entropy(logits, torch.from_numpy(labels))))
        accuracies.append(float((logits.argmax(1).numpy() == labels).mean()))
    seconds = time.monotonic() - started
    return dict(
        phase=phase.name, epoch=1, train_loss=losses[0], train_accuracy=accuracies[0], val_loss=losses[1],
        val_accuracy=accuracies[1], seconds=round(seconds, 3), images_per_second=round(len(both) / seconds, 1),
    )  # fmt: skip


class _Preparation:
    """Rows -> images on the device, augmented and normalised, with soft targets.

    On a GPU the photos live in its memory where they fit, so that a batch never crosses the bus.
    """

    def __init__(self, network: Network, config: Config, data: Data, device: str) -> None:
        self.data, self.config, self.device, self.classes = data, config, device, len(network.classes)
        self.mean = torch.tensor(network.mean, device=device).view(3, 1, 1)
        self.std = torch.tensor(network.std, device=device).view(3, 1, 1)
        self.labels = torch.from_numpy(data.labels).to(device)
        self.augment = augment.build(config.augment, network.size)
        self.resident: torch.Tensor | None = None
        if device == "cuda" and data.pixels.array.nbytes < 0.5 * torch.cuda.mem_get_info()[0]:
            self.resident = torch.from_numpy(data.pixels.take(np.arange(len(data.pixels)))).to(device)
        self.class_weights: torch.Tensor | None = None
        if config.class_weights == "balanced":
            counts = np.bincount(data.labels[data.train], minlength=self.classes)
            self.class_weights = torch.tensor(counts.sum() / (self.classes * counts), dtype=torch.float32, device=device)

    def images(self, rows: np.ndarray) -> torch.Tensor:
        """(n, 3, S, S) float32 in 0-1."""
        if self.resident is not None:
            pixels = self.resident[torch.from_numpy(rows).to(self.device)]
        else:
            pixels = torch.from_numpy(self.data.pixels.take(rows)).to(self.device, non_blocking=True)
        return pixels.permute(0, 3, 1, 2).float().div_(255)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """As the network was pretrained."""
        return (images - self.mean) / self.std

    def __call__(self, rows: np.ndarray, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        images = self.augment(self.images(rows), draws)
        targets = F.one_hot(self.labels[torch.from_numpy(rows).to(self.device)], self.classes).float()
        if self.config.mixup or self.config.cutmix:
            images, targets = augment.mix(images, targets, draws, mixup=self.config.mixup, cutmix=self.config.cutmix)
        return self.normalise(images), targets


@torch.no_grad()
def _judge(module: nn.Module, data: Data, prepare: _Preparation, machine: Machine) -> tuple[float, float]:
    """Mean cross entropy and accuracy on val."""
    module.eval()
    loss, right = 0.0, 0
    for start in range(0, len(data.val), machine.evaluation_batch):
        rows = data.val[start : start + machine.evaluation_batch]
        with _precision(machine):
            logits = module(prepare.normalise(prepare.images(rows)))
        labels = prepare.labels[torch.from_numpy(rows).to(prepare.device)]
        loss += float(F.cross_entropy(logits.float(), labels, reduction="sum"))
        right += int((logits.argmax(1) == labels).sum())
    return loss / len(data.val), right / len(data.val)


def generator(seed: int, *place: int) -> torch.Generator:
    """Random numbers that depend on the seed and the place in the run alone, not on what was drawn before."""
    entropy = np.random.SeedSequence([seed & 0xFFFFFFFF, *place]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(entropy[0]) << 31 ^ int(entropy[1]))


def _batches(config: Config, data: Data, phase: int, epoch: int) -> list[np.ndarray]:
    """The training rows of one epoch, shuffled and cut into batches of nearly equal size."""
    draws = np.random.default_rng([config.seed & 0xFFFFFFFF, phase, epoch])
    rows = data.train
    if config.sampling == "balanced":
        labels = data.labels[rows]
        chance = 1 / np.bincount(labels)[labels]
        rows = draws.choice(rows, size=len(rows), p=chance / chance.sum())
    else:
        rows = draws.permutation(rows)
    return np.array_split(rows, max(1, -(-len(rows) // config.batch_size)))


def _optimiser(config: Config, parameter_groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameter_groups, momentum=config.momentum)
    if config.optimizer == "adam":
        return torch.optim.Adam(parameter_groups)
    return torch.optim.AdamW(parameter_groups)


def _set_mode(module: nn.Module, config: Config) -> None:
    """Training mode; but batch norm in frozen layers keeps the statistics that it was pretrained with."""
    module.train()
    for part in module.modules():
        if isinstance(part, _NORMS):
            learns = any(parameter.requires_grad for parameter in part.parameters())
            part.train(learns and not config.freeze_norm)


def _clip(module: nn.Module, config: Config) -> float:
    """Clip the gradients as configured; returns their norm before."""
    learning = [parameter for parameter in module.parameters() if parameter.grad is not None]
    norm = torch.nn.utils.clip_grad_norm_(learning, config.clip_norm or float("inf"))
    if config.clip_value:
        torch.nn.utils.clip_grad_value_(learning, config.clip_value)
    return float(norm)


def _precision(machine: Machine) -> Any:
    device = machine.device.partition(":")[0]
    return torch.autocast(device, torch.bfloat16) if machine.precision == "bfloat16" else nullcontext()


def _score(row: dict[str, Any]) -> tuple[float, float]:
    """What "best on val" means: accuracy, and the lower loss where that is equal."""
    return row["val_accuracy"], -row["val_loss"]


def _snapshot(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _begin(run: RunFolder, module: nn.Module) -> tuple[State, dict[str, torch.Tensor], list[dict[str, Any]], Any]:
    """The state to start from: (state, best weights, rows of steps.csv, the optimiser's tensors)."""
    found = checkpoint.load(run.checkpoint)
    if found is None:
        return State(), _snapshot(module), [], {}
    tensors, facts = found
    best = checkpoint.with_prefix("best.", tensors)
    module.load_state_dict(checkpoint.with_prefix("model.", tensors))
    facts.update({name: tuple(facts[name]) for name in ("best", "phase_best") if facts[name] is not None})
    names = facts.pop("step_phases")
    columns = ("step", "lr_min", "lr_max", "loss", "grad_norm")
    steps = [
        {"phase": names[int(row[0])], **dict(zip(columns, row[1:], strict=True)), "step": int(row[1])}
        for row in tensors["steps"].tolist()
    ]
    return State(**facts), best, steps, checkpoint.with_prefix("optimiser.", tensors)


def _keep(
    run: RunFolder, module: nn.Module, optimiser: torch.optim.Optimizer | None, best: dict[str, torch.Tensor],
    state: State, steps: list[dict[str, Any]],
) -> None:  # fmt: skip
    """Write the checkpoint, then what people read."""
    names = list(dict.fromkeys(row["phase"] for row in steps))
    rows = [[names.index(row["phase"]), *list(row.values())[1:]] for row in steps]
    tensors = {
        **checkpoint.prefixed("model.", module.state_dict()),
        **checkpoint.prefixed("best.", best),
        **(checkpoint.prefixed("optimiser.", checkpoint.optimiser_tensors(optimiser)) if optimiser else {}),
        "steps": torch.tensor(rows, dtype=torch.float64).reshape(len(rows), 6),
    }
    checkpoint.save(run.checkpoint, tensors, {**vars(state), "step_phases": names})
    run.write_metrics(state.metrics)
    run.write_steps(steps)


@contextmanager
def _stop_between_steps() -> Iterator[threading.Event]:
    """Ctrl-C asks the loop to stop after the step under way; a second one stops at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(signum: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
