"""Does a network that was cut or rewritten still answer as it did? Tried on two pictures of noise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sightline.models.network import Network


def noise(network: Network) -> Tensor:
    """(2, 3, S, S) in 0-1, the same each time, on the network's device and in its precision."""
    images = torch.rand(2, 3, network.size, network.size, generator=torch.Generator().manual_seed(0))
    return images.to(next(network.module.parameters()))


@contextmanager
def in_evaluation(module: nn.Module) -> Iterator[dict[nn.Module, bool]]:
    """Evaluation mode and no gradients inside; afterwards each part is in the mode in which it was, which is given."""
    modes = {part: part.training for part in module.modules()}
    try:
        module.eval()
        with torch.no_grad():
            yield modes
    finally:
        for part, mode in modes.items():
            part.training = mode


def alike(found: Tensor, expected: Tensor, within: float) -> bool:
    """Whether answers differ by no more than `within`, relative to the largest of them or to 1."""
    if found.shape != expected.shape:
        return False
    return bool((found - expected).abs().max() <= within * expected.abs().max().clamp_min(1))
