"""A network as the rest of the house holds it: the module, its classes, and how photos must be prepared for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from sightline.config import Fit
from sightline.data.decoding.deep import White
from sightline.errors import SightlineError
from sightline.models import heads
from sightline.models.ensemble import Ensemble, parts


@dataclass
class Network:
    """A network, its classes, and how photos must be prepared for it.

    `module` follows timm's contract: get_classifier()(forward_head(forward_features(x), pre_logits=True)) gives logits.
    `mean` and `std` are per channel, for pixels in 0-1. `size` is the side in pixels that it is built for, `fit` how
    photos are made square.
    """

    module: Any  # a torch.nn.Module; what timm adds to it is in no type
    architecture: str
    classes: tuple[str, ...]
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    head: str = "linear"
    origin: str = "random weights"
    """Where the weights came from, in words."""
    weights_digest: str = ""
    """SHA-256 of the weights file; empty for random weights."""
    fit: Fit = "crop"
    white: White | None = None
    """Of the 16-bit photos that it learned from (data/decoding/deep.py); None where there were none."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Arguments beyond the architecture's defaults."""

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def members(self) -> int:
        """How many networks answer together: 1, or the size of an ensemble."""
        return len(parts(self.module))


class Forward(torch.nn.Module):
    """Photos as they lie in memory -> embedding and logits: preparing the pixels is part of the network."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.module: Any = network.module
        self.mean = torch.nn.Buffer(torch.tensor(network.mean).view(3, 1, 1) * 255, persistent=False)
        self.std = torch.nn.Buffer(torch.tensor(network.std).view(3, 1, 1) * 255, persistent=False)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, S, S, 3) uint8 -> embedding (n, F), logits (n, K), both float32."""
        images = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
        hidden = self.module.forward_head(self.module.forward_features(images), pre_logits=True)
        logits = heads.classify(self.module.get_classifier(), hidden)
        return heads.embedding(hidden).float(), logits.float()


def join(members: Sequence[Network]) -> Network:
    """One network that answers with the mean of the members' logits (models/ensemble.py).

    Raises:
        SightlineError: they are not all of one kind.
    """
    first = members[0]
    for other in members[1:]:
        if replace(other, module=None, origin="", weights_digest="") != replace(
            first, module=None, origin="", weights_digest=""
        ):
            raise SightlineError(f"{other.origin} and {first.origin}: differ in kind, so they are no ensemble.")
    digests = "".join(one.weights_digest for one in members)
    return replace(
        first,
        module=Ensemble([one.module for one in members]).eval(),
        origin=f"{len(members)} networks",
        weights_digest=hashlib.sha256(digests.encode()).hexdigest(),
    )


def inherit(network: Network, earlier: Network) -> None:
    """Give the head of `network` the rows of those classes that `earlier` already knew, where both heads are linear."""
    new, old = network.module.get_classifier(), earlier.module.get_classifier()
    if not (
        isinstance(new, torch.nn.Linear) and isinstance(old, torch.nn.Linear) and new.in_features == old.in_features
    ):
        return
    with torch.no_grad():
        for row, name in enumerate(network.classes):
            if name in earlier.classes:
                before = earlier.classes.index(name)
                new.weight[row], new.bias[row] = old.weight[before], old.bias[before]
