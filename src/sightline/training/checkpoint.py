"""Where a training stands, whole or not at all, without pickle: one safetensors file with the facts in its header.

Random numbers are not kept, because none carry over: each step's are made from (seed, phase, epoch, batch), see
`loop.generator`. So weights, optimiser and position are all that an exact continuation needs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sightline.errors import SightlineError
from sightline.system.files import replacing

NAME = "state.safetensors"


def save(folder: Path, tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
    """Write the state to `folder`; an older one stays until this one is whole."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(folder / NAME) as temporary:
        save_file(on_cpu, temporary, metadata={"facts": json.dumps(facts)})


def load(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
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


def prefixed(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors, each name after `prefix`."""
    return {prefix + name: tensor for name, tensor in tensors.items()}


def with_prefix(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those whose name starts with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The optimiser's own state as named tensors: `<parameter number>.<name>`."""
    return {
        f"{number}.{name}": value
        for number, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, torch.Tensor)
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put back what `optimiser_tensors` gave, into an optimiser that was made over the same parameters."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
