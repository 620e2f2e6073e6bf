"""What was found to be fastest on this machine, remembered from run to run."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from pathlib import Path
from typing import Any

import torch

from sightline.models.network import Network
from sightline.system import cache
from sightline.system.files import write_json


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


def read() -> dict[str, Any]:
    """The remembered choices. A damaged file is started afresh: it only ever saves a second."""
    try:
        choices = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return choices if isinstance(choices, dict) else {}


def add(name: str, choice: dict[str, Any]) -> None:
    """Remember a choice."""
    write_json(_path(), {**read(), name: choice})


def _path() -> Path:
    return cache.folder("engines") / "choices.json"


def _processor() -> str:
    """The processor's model and what it can do; `platform` alone says only x86_64."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
