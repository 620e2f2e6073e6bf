"""A network taken apart where its frozen layers end: what comes before can be computed by any engine, once.

    cut = find(network)                     # parameters of the layers that learn have requires_grad
    logits = cut.after(maps)                # maps: what the engine of cut.before makes of photos

The frozen layers need no gradients, so the fastest way to run them is that of an answer, not that of a lesson: an
engine with its layers fused (`engines.py`) does them several times as fast as the training step would.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from sightline.models.alike import alike, in_evaluation, noise
from sightline.models.headless import Headless
from sightline.models.network import Network

_LIKE = 1e-4
"""By how much the logits of the two halves may miss the network's, relative to the largest: rounding, no more."""


class Cut:
    """A network in two halves, which share its weights.

    Attributes:
        before: the frozen layers; their embedding (n, C·H·W) is what they hand on, flattened.
        shape: of what they hand on for one photo, such as (C, H, W).
        place: the first part that learns, by its name in the network.
    """

    def __init__(self, before: Network, rest: nn.Module, shape: tuple[int, ...], place: str) -> None:
        self.before, self.shape, self.place = before, shape, place
        self._rest = rest

    @property
    def values(self) -> int:
        """How many the frozen layers hand on for one photo."""
        return math.prod(self.shape)

    def after(self, maps: Tensor) -> Tensor:
        """Logits (n, K) from what the frozen layers made of n photos, (n, *shape), in training or evaluation mode."""
        logits: Tensor = self._rest(maps)
        return logits

    def train(self, mode: bool) -> None:
        """Tell the half that learns which mode its network is in; its layers are the network's own and know it."""
        self._rest.training = mode


def find(network: Network) -> Cut | None:
    """Cut a network in front of the first part that learns.

    A part is a child of the network, or of a chain in it. Whether the network is the chain of its parts, one after the
    other, is tried on a picture; where it is none (a transformer adds positions in between), it stays whole.

    Args:
        network: `requires_grad` says which of its parameters learn. Its module's mode is left as it is.

    Returns:
        The halves; None where nothing is frozen in front, or the network cannot be cut there.
    """
    parts = list(_parts(network.module))
    first = next((number for number, (_, part) in enumerate(parts) if _learns(part)), 0)
    # Where only the head learns, the pooling in front of it belongs to it too: a part earlier, or two.
    for number in range(first, max(first - 3, 0), -1):
        if any(True for _, part in parts[:number] for _ in part.parameters()) and (
            found := _at(network, parts, number)
        ):
            return found
    return None


def _at(network: Network, parts: list[tuple[str, nn.Module]], first: int) -> Cut | None:
    """The halves before and after this part, if they are the network."""
    module, place = network.module, parts[first][0]
    rest = _without(module, {name for name, _ in parts[:first]})
    frozen = Headless(_without(module, {name for name, _ in parts[first:]}))
    images = noise(network)
    try:
        with in_evaluation(module):
            frozen.eval()
            rest.training = False
            whole, maps = module(images), frozen.forward_features(images)
            halves = rest(maps)
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError):
        return None  # the second half cannot take what the first one hands on
    if not alike(halves, whole, _LIKE):
        return None
    before = dataclasses.replace(
        network, module=frozen, architecture=f"{network.architecture}-before-{place}", head="linear"
    )
    return Cut(before, rest, tuple(maps.shape[1:]), place)


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The children in order, with their names; a chain (nn.Sequential) by its own children."""
    for name, child in module.named_children():
        if type(child) is nn.Sequential and len(child):
            yield from _parts(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _learns(part: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in part.parameters())


def _without(module: nn.Module, names: set[str], prefix: str = "") -> Any:
    """The same module, sharing all its layers, with the parts of these names passing on what they are given."""
    changed = copy.copy(module)
    changed._modules = dict(module._modules)
    for name, child in module.named_children():
        whole = f"{prefix}{name}"
        if whole in names:
            changed._modules[name] = nn.Identity()
        elif any(other.startswith(f"{whole}.") for other in names):
            changed._modules[name] = _without(child, names, f"{whole}.")
    return changed
