"""Where a training stands, whole or not at all, without pickle: one safetensors file with the facts in its header.

Random numbers are not kept, because none carry over: each step's are made from (seed, phase, epoch, batch), see
`batches.generator`. So weights, optimiser and position are all that an exact continuation needs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from sightline.errors import SightlineError
from sightline.runs.columns import STEPS
from sightline.runs.folder import RunFolder
from sightline.system.files import replacing

NAME = "state.safetensors"

Row = dict[str, Any]
Tensors = dict[str, torch.Tensor]


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
    best: tuple[float, float] | None = None  # of the run, see `loop._score`
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
class Standing:
    """All that an exact continuation needs."""

    state: State
    best: Tensors  # the weights of the best epoch so far
    steps: list[Row]  # of steps.csv
    optimiser: Tensors  # of the phase that was interrupted


def begin(run: RunFolder, module: nn.Module) -> Standing:
    """Where the training of `run` stood, its weights put into `module`; the start where there is no checkpoint.

    Raises:
        SightlineError: the checkpoint is damaged.
    """
    found = load(run.checkpoint)
    if found is None:
        return Standing(State(), snapshot(module), [], {})
    tensors, facts = found
    names = facts.pop("step_phases")
    for name in ("best", "phase_best"):
        facts[name] = tuple(facts[name]) if facts[name] else None  # JSON knows lists only
    module.load_state_dict(with_prefix("model.", tensors))
    steps = [
        dict(zip(STEPS, (names[int(phase)], int(step), *figures), strict=True))
        for phase, step, *figures in tensors["steps"].tolist()
    ]
    return Standing(State(**facts), with_prefix("best.", tensors), steps, with_prefix("optimiser.", tensors))


def keep(run: RunFolder, module: nn.Module, standing: Standing) -> None:
    """Write the checkpoint, then what people read: metrics.csv and steps.csv."""
    names = list(dict.fromkeys(row["phase"] for row in standing.steps))
    rows = [[names.index(row["phase"]), *(row[name] for name in STEPS[1:])] for row in standing.steps]
    tensors = {
        **prefixed("model.", module.state_dict()),
        **prefixed("best.", standing.best),
        **prefixed("optimiser.", standing.optimiser),
        "steps": torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(STEPS)),
    }
    save(run.checkpoint, tensors, {**vars(standing.state), "step_phases": names})
    run.write_metrics(standing.state.metrics)
    run.write_steps(standing.steps)


def snapshot(module: nn.Module) -> Tensors:
    """A copy of the weights as they are now."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def save(folder: Path, tensors: Tensors, facts: dict[str, Any]) -> None:
    """Write the state to `folder`; an older one stays until this one is whole."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(folder / NAME) as temporary:
        save_file(on_cpu, temporary, metadata={"facts": json.dumps(facts)})


def load(folder: Path) -> tuple[Tensors, dict[str, Any]] | None:
    """The tensors and facts that `save` wrote; None where there are none.

    Raises:
        SightlineError: the file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["facts"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise SightlineError(
            f"{path}: is damaged ({error}). Remove it to start this run again from its data."
        ) from error
    return tensors, facts


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    """The same tensors, each name after `prefix`."""
    return {prefix + name: tensor for name, tensor in tensors.items()}


def with_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Those whose name starts with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """The optimiser's own state as named tensors: `<parameter number>.<name>`."""
    return {
        f"{number}.{name}": value
        for number, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, torch.Tensor)
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put back what `optimiser_tensors` gave, into an optimiser that was made over the same parameters."""
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
