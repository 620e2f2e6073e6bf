"""What was found to be fastest on this machine, remembered from run to run. It only ever saves a second.

So a file that is damaged, or cannot be written, costs nothing more than that.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sightline.errors import SightlineError
from sightline.system import cache
from sightline.system.documents import Count, Document, Text, read_if_there

if TYPE_CHECKING:
    from sightline.models.network import Network


class Choice(Document):
    """One choice, and how it was come by."""

    network: Text
    size: Count
    purpose: Text
    """What it is for: `answers`, `features` or `learning`."""
    device: Text
    name: Text
    """The engine, or for learning the precision."""
    batch: Annotated[int, Field(ge=1, le=4096)]
    """Photos at once."""
    images_per_second: Annotated[float, Field(gt=0)]
    """What it promised."""
    under_load: bool
    """Whether other programs kept the machine busy meanwhile."""
    made: Text
    """When, in ISO form."""


class Choices(Document):
    """All of this machine."""

    choices: dict[str, Choice] = Field(default_factory=dict)
    """By `key`."""


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
    import torch  # whoever has a network has loaded it; whoever only reads what was chosen need not

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


def clear() -> int:
    """Forget them all; returns how many there were.

    Raises:
        SightlineError: the cache cannot be written.
    """
    count, path = len(read()), _path()
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SightlineError(
            f"{path}: cannot be removed ({error.strerror}). Set SIGHTLINE_CACHE to a folder that can be written."
        ) from error
    return count


def _path() -> Path:
    return cache.root() / "engines" / "choices.json"


def _processor() -> str:
    """The processor's model and what it can do; `platform` alone says only x86_64."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
