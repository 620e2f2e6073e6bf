"""What was found to be fastest on this machine, remembered from run to run."""

from __future__ import annotations

import hashlib
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sightline.models.network import Network
from sightline.system import cache
from sightline.system.files import write_text

_MOST_BYTES = 4_000_000  # of a file that this machine has written itself


class Choice(BaseModel):
    """One choice, and how it was come by."""

    model_config = ConfigDict(frozen=True)

    network: str
    size: int
    purpose: str
    """What it is for: `answers`, `features` or `learning`."""
    device: str
    name: str
    """The engine, or for learning the precision."""
    batch: Annotated[int, Field(ge=1)]
    """Photos at once."""
    images_per_second: Annotated[float, Field(gt=0)]
    """What it promised."""
    under_load: bool
    """Whether other programs kept the machine busy meanwhile."""
    made: str
    """When, in ISO form."""


Choices = dict[str, Choice]
_FORM = TypeAdapter(Choices)


def make(
    network: Network, purpose: str, device: str, name: str, batch: int, images_per_second: float, under_load: bool
) -> Choice:
    """A choice that was just made."""
    return Choice(
        network=network.architecture,
        size=network.size,
        purpose=purpose,
        device=device,
        name=name,
        batch=batch,
        images_per_second=round(images_per_second, 3),
        under_load=under_load,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def key(network: Network, device: str, *purpose: Any) -> str:
    """What a choice depends on: the machine, the libraries, the network's shape, and what it is for."""
    parts = (
        torch.cuda.get_device_name() if device == "cuda" else _processor(),
        os.cpu_count(),
        torch.get_num_threads(),
        torch.__version__,
        device,
        network.architecture,
        network.members,
        network.head,
        network.size,
        *purpose,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def read() -> Choices:
    """The remembered choices. A damaged file is started afresh: it only ever saves a few seconds."""
    try:
        with open(_path(), "rb") as file:
            return _FORM.validate_json(file.read(_MOST_BYTES))
    except (OSError, ValidationError):
        return {}


def add(name: str, choice: Choice) -> None:
    """Remember a choice."""
    write_text(_path(), _FORM.dump_json({**read(), name: choice}, indent=1).decode())


def clear() -> int:
    """Forget them all; returns how many there were."""
    count = len(read())
    _path().unlink(missing_ok=True)
    return count


def _path() -> Path:
    return cache.folder("engines") / "choices.json"


def _processor() -> str:
    """The processor's model and what it can do; `platform` alone says only x86_64."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
