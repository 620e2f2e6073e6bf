"""Where a network's weights come from: `--model`, `--weights` and `--scratch` -> one source, before anything is built.

A file, a timm local folder, the box (weights that come as packages), the hub's cache or the hub, in this order; random
values only where they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightline.errors import UsageError
from sightline.models import box, hub
from sightline.models.catalogue import DEFAULT, architecture_of, require_known
from sightline.models.folder import member, members_in, read_start
from sightline.system import regular


@dataclass(frozen=True)
class Source:
    """What to build, and from which weights."""

    name: str
    """The timm name; a pretrained tag may follow a dot."""
    origin: str
    """Where the weights come from, in words."""
    file: Path | None = None
    """The weights; None: random values."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Arguments beyond the architecture's defaults."""
    preprocessing: dict[str, Any] = field(default_factory=dict)
    """What the weights' own description says of sizes, means and so on; it wins over timm's defaults."""


def resolve(name: str | None, weights: str | Path | None = None, *, scratch: bool = False) -> Source:
    """The source that these three flags ask for.

    Args:
        name: a timm architecture (`resnet34`, `resnet34.a1_in1k`); None: what the weights folder names, else DEFAULT.
        weights: a .safetensors or PyTorch file, or a timm local folder; None: the box, else the hub's cache or the hub.
        scratch: random weights, no download.

    Raises:
        UsageError: there is no such network or file, or the flags contradict each other.
        SightlineError: the weights cannot be had.
    """
    if weights and Path(weights).is_dir():
        return _from_folder(Path(weights), name)
    name = name or DEFAULT
    require_known(name)
    if scratch:
        return Source(name, "random weights")
    if weights:
        if not Path(weights).exists():
            raise UsageError(f"--weights {weights}: there is no such file or folder.")
        regular.require(weights)
        return Source(name, f"the file {Path(weights).name}", Path(weights))
    boxed = box.find(name)
    if boxed and box.source_file(boxed):
        return Source(name, f"the box ({boxed.package})", box.weights_of(boxed))
    file, repository = hub.weights_of(name)
    return Source(name, f"the hub ({repository})", file)


def _from_folder(folder: Path, name: str | None) -> Source:
    if not (folder / "config.json").exists() and not (folder / "config.json").is_symlink():
        inside = " It is a run; its weights: --weights " + str(folder / "model") if (folder / "model").is_dir() else ""
        raise UsageError(f"--weights {folder}: is no timm local folder (it has no config.json).{inside}")
    if (count := members_in(folder)) > 1:
        raise UsageError(
            f"{folder}: is an ensemble of {count} networks; start from one of them, such as {member(folder, 1)}."
        )
    described = read_start(folder)
    architecture = described.architecture
    if name and architecture_of(name) != architecture:
        raise UsageError(f"--model {name}: {folder} holds {architecture}. Leave out --model, or give other weights.")
    return Source(
        architecture,
        f"the folder {folder.name}",
        folder / "model.safetensors",
        described.arguments,
        described.preprocessing,
    )
