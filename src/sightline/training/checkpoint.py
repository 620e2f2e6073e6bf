"""Where a training stands, whole or not at all, without pickle: one safetensors file with the facts in its header.

A run may come from a stranger, or from a disk that fails. So nothing of the file is taken into memory before its names
and shapes are those of this network, and its content is held to a digest: a training never goes on from other weights
than it had.

Random numbers are not kept, because none carry over: each step's are made from (seed, phase, epoch, batch), see
`batches.generator`. So weights, optimiser and position are all that an exact continuation needs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from sightline.errors import SightlineError
from sightline.runs.columns import METRICS, STEPS
from sightline.runs.folder import RunFolder
from sightline.system import regular
from sightline.system.files import replacing

NAME = "state.safetensors"

Row = dict[str, Any]
Tensors = dict[str, torch.Tensor]
Shapes = Mapping[str, tuple[int, ...]]
Count = Annotated[int, Field(ge=0, le=2**53)]

_MOST_STEPS = 50_000_000  # rows of steps.csv
_MOST_OF_ONE = 4  # tensors that an optimiser keeps for each parameter
_KEPT: dict[type, set[str]] = {
    torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.Adam: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.SGD: {"momentum_buffer"},
}


@dataclass
class State:
    """Where a training stands: what a checkpoint holds beside tensors."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    phase: Count = 0
    epoch: Count = 0  # finished epochs of this phase
    batch: Count = 0  # finished batches of the epoch under way
    loss: float = 0.0  # sums over those batches
    right: Count = 0
    seen: Count = 0
    seconds: float = 0.0
    best: tuple[float, float] | None = None  # of the run, see `loop._score`
    phase_best: tuple[float, float] | None = None
    stale: Count = 0  # epochs since phase_best
    metrics: list[Row] = field(default_factory=list)

    def next_epoch(self) -> None:
        """The epoch under way is finished."""
        self.epoch, self.batch, self.loss, self.right, self.seen, self.seconds = self.epoch + 1, 0, 0.0, 0, 0, 0.0

    def next_phase(self) -> None:
        """The phase under way is finished."""
        self.next_epoch()  # one that was begun and is no longer wanted counts for nothing
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
    found = load(run.checkpoint, _expected(module))
    if found is None:
        return Standing(State(), snapshot(module), [], {})
    tensors, facts = found
    try:
        names = facts.pop("step_phases")
        state = TypeAdapter(State).validate_python(facts)
        if any(set(row) != set(METRICS) for row in state.metrics):
            raise ValueError("a row of metrics lacks a column")
        module.load_state_dict(with_prefix("model.", tensors))
        steps = [
            dict(zip(STEPS, (names[int(phase)], int(step), *figures), strict=True))
            for phase, step, *figures in tensors["steps"].tolist()
        ]
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, RuntimeError, ValidationError) as error:
        raise _damaged(run.checkpoint / NAME) from error
    return Standing(state, with_prefix("best.", tensors), steps, with_prefix("optimiser.", tensors))


def _expected(module: nn.Module) -> Shapes:
    """The shapes of this network's tensors, by name."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


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
    text = json.dumps(facts)
    with replacing(folder / NAME) as temporary:
        save_file(on_cpu, temporary, metadata={"facts": text, "sha256": _digest(on_cpu, text)})


def load(folder: Path, network: Shapes | None = None) -> tuple[Tensors, dict[str, Any]] | None:
    """The tensors and facts that `save` wrote; None where there are none.

    Args:
        folder: of the checkpoint.
        network: what the weights in it must be, by name; None: anything.

    Raises:
        SightlineError: the file is damaged, has changed, or belongs to another network.
    """
    path = folder / NAME
    if not path.exists() and not path.is_symlink():
        return None
    regular.require(path)
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            if network is not None and not _belongs(shapes, network):
                raise SightlineError(
                    f"{path}: is not the checkpoint of this network. Remove it to start this run again from its data."
                )
            text = file.metadata()["facts"]
            facts = json.loads(text)
            tensors = {name: file.get_tensor(name) for name in shapes}
            known = file.metadata().get("sha256")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise _damaged(path) from error
    if not isinstance(facts, dict) or (known is not None and known != _digest(tensors, text)):
        raise _damaged(path)
    if not all(bool(torch.isfinite(tensor).all()) for tensor in with_prefix("best.", tensors).values()):
        raise _damaged(path)  # the best weights are those that answer
    return tensors, facts


def _belongs(shapes: Shapes, network: Shapes) -> bool:
    """Whether these are the tensors of a checkpoint of `network`, of which none is larger than it should be."""
    weights = {f"{part}.{name}": shape for part in ("model", "best") for name, shape in network.items()}
    rest = {name: shape for name, shape in shapes.items() if name not in weights and name != "steps"}
    steps = shapes.get("steps", ())
    kept: Collection[tuple[int, ...]] = {(), (1,), *network.values()}
    return (
        all(shapes.get(name) == shape for name, shape in weights.items())
        and len(steps) == 2
        and steps[0] <= _MOST_STEPS
        and steps[1] == len(STEPS)
        and len(rest) <= _MOST_OF_ONE * len(network)
        and all(name.startswith("optimiser.") and shape in kept for name, shape in rest.items())
    )


def _digest(tensors: Tensors, text: str) -> str:
    """SHA-256 over the tensors, by name, and the facts."""
    running = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        running.update(name.encode("utf-8", "surrogatepass"))
        running.update(tensors[name].contiguous().flatten().view(torch.uint8).numpy().data)
    return running.hexdigest()


def _damaged(path: Path) -> SightlineError:
    return SightlineError(f"{path}: is damaged. Remove it to start this run again from its data.")


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
    """Put back what `optimiser_tensors` gave, into an optimiser that was made over the same parameters.

    Raises:
        SightlineError: they are those of other parameters.
    """
    learned = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    error = SightlineError(f"{NAME}: is damaged. Remove the run's checkpoint to start it again from its data.")
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        place = int(number) if number.isdecimal() and len(number) < 10 else len(learned)
        if place >= len(learned) or (value.numel() != 1 and value.shape != learned[place].shape):
            raise error
        state.setdefault(place, {})[name] = value
    if any(set(kept) != _KEPT[type(optimiser)] for kept in state.values()):
        raise error
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
