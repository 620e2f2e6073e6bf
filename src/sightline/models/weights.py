"""A file of weights -> named tensors. What is no such file is refused in plain words, and nothing in it is run."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from sightline.errors import SightlineError, UsageError
from sightline.models.lean import timm

_PICKLES = (b"PK\x03\x04", b"\x80")  # what torch.save writes, now and before version 1.6
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")  # under which trainers keep them, best first
_HEADER_BYTES = 100_000_000  # safetensors' own limit for its header


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file or of a state dict that torch.save wrote; wrappers of training are taken off.

    Raises:
        UsageError: there is no such file.
        SightlineError: it holds no weights, or more than weights.
    """
    if not path.exists():
        raise UsageError(f"--weights {path}: there is no such file or folder.")
    if not path.is_file():
        raise SightlineError(f"{path}: is neither a file nor a folder.")
    kind = _kind(path)
    try:
        found = _load(path, kind)
    except pickle.UnpicklingError as error:
        raise SightlineError(
            f"{path}: holds more than weights, or is damaged. Sightline opens no pickled programs: where the"
            " network is at hand, torch.save(network.state_dict(), FILE) writes its weights alone."
        ) from error
    except Exception as error:  # whatever a damaged file makes safetensors or torch trip over
        raise SightlineError(f"{path}: is damaged. Copy or download it again.") from error
    if not found or not all(isinstance(tensor, torch.Tensor) for tensor in found.values()):
        raise SightlineError(f"{path}: is no state dict: a table of named tensors and nothing else.")
    return found


def _kind(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            start = file.read(9)
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror}).") from error
    if start[8:9] == b"{" and 0 < int.from_bytes(start[:8], "little") < _HEADER_BYTES:
        return "safetensors"
    if start.startswith(_PICKLES):
        return "pickle"
    raise SightlineError(
        f"{path}: is not a file of weights. Give --weights a .safetensors file, a PyTorch state dict or a timm folder."
    )


def _load(path: Path, kind: str) -> dict[str, torch.Tensor]:
    found: Any
    if kind == "safetensors":
        found = load_file(path)
    else:
        # Given a name, torch goes by its suffix. It warns of its own internals when a file is old.
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(found, dict):
        return {}
    for wrapper in _WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
            break
    cleaned: dict[str, torch.Tensor] = timm.models.clean_state_dict(found)
    return cleaned


def require_fit(path: Path, state: dict[str, torch.Tensor], module: Any, untouched: Any) -> None:
    """See that the weights filled the whole network below its classifier, and that nothing of them is left over.

    timm puts in whatever has the right name and leaves the rest at random values without a word.

    Args:
        path: where the weights come from.
        state: what was in it.
        module: the timm network into which they were put.
        untouched: the same network with the random values that it had before.

    Raises:
        SightlineError: a part of the network was not filled, or a part of the weights found no place.
    """
    own = module.state_dict()
    classifiers = module.pretrained_cfg.get("classifier") or ()
    heads = tuple(f"{name}." for name in ([classifiers] if isinstance(classifiers, str) else classifiers))
    before = untouched.state_dict()
    matrices = [name for name, tensor in own.items() if tensor.ndim > 1 and not name.startswith(heads)]
    empty = [name for name in matrices if name not in state and own[name].equal(before[name])]
    # Where timm renames the tensors of other authors, what is left over cannot be told.
    over = [name for name in state if name not in own and not name.startswith(heads)] if own.keys() <= {*state} else []
    if empty or over:
        what = f"{empty[0]} of it is not among them" if empty else f"{over[0]} has no place in it"
        raise SightlineError(
            f"{path}: are not the weights of {module.pretrained_cfg.get('architecture', 'this network')}: {what}."
            " Name the network that they belong to with --model."
        )
