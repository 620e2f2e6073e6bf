"""What was found to be fastest on this machine, remembered from run to run. It only ever saves a second.

So a file that is damaged, or cannot be written, costs nothing more than that.
"""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field

from sightline.errors import SightlineError
from sightline.models.network import Network
from sightline.system import cache
from sightline.system.documents import Document, read_if_there


class Choice(Document):
    """The engine that won."""

    engine: str
    batch: Annotated[int, Field(ge=1, le=4096)]
    """Photos at once."""
    images_per_second: Annotated[float, Field(ge=0)]


class Choices(Document):
    """All of this machine."""

    choices: dict[str, Choice] = Field(default_factory=dict)
    """By `key`."""


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


def read() -> dict[str, Choice]:
    """The remembered choices, by their keys."""
    with suppress(SightlineError):
        found = read_if_there(Choices, _path())
        return found.choices if found else {}
    return {}


def add(name: str, choice: Choice) -> None:
    """Remember a choice."""
    with suppress(SightlineError):
        Choices(choices={**read(), name: choice}).write(_path())


def _path() -> Path:
    return cache.folder("engines") / "choices.json"


def _processor() -> str:
    """The processor's model and what it can do; `platform` alone says only x86_64."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
