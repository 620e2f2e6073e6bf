"""What a frozen network sees of a photo at its last two stages, not only behind the last one.

The vector that a network hands to its classifier was trained to forget what its own classes do not ask for. The maps
before it still hold textures and layouts by which neighbouring classes differ, so a classifier of other classes does
better with both (Evci et al., "Head2Toe", 2022). Each map is summed up by the mean and the spread of each channel; the
photo and its mirror image are averaged, since a label does not depend on the side from which a photo was taken.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from sightline.models import heads
from sightline.models.headless import Headless
from sightline.models.network import Network

_LAST = 2  # stages; earlier ones cost as much room and were measured to add nothing


class Stages(Headless):
    """A timm network whose embedding is (n, F + 2 C): F pooled features, and two figures of the stages' C channels."""

    def forward_features(self, images: Tensor) -> Tensor:
        """(n, 3, S, S) -> (n, F + 2 C)."""
        return (self._look(images) + self._look(images.flip(3))) / 2

    def _look(self, images: Tensor) -> Tensor:
        if hasattr(self.module, "forward_intermediates"):
            final, maps = self.module.forward_intermediates(images)
        else:
            final, maps = self.module.forward_features(images), []
        parts = [heads.embedding(self.module.forward_head(final, pre_logits=True)).float()]
        for each in maps[-_LAST:]:
            values = each.float()
            mean = values.mean(dim=(2, 3), keepdim=True)
            parts += [mean.flatten(1), (values - mean).square().mean(dim=(2, 3)).sqrt()]
        return torch.cat(parts, dim=1)


def of(network: Network) -> Network:
    """The same network with the embedding of `Stages`; under a name of its own, for what is kept of it."""
    return dataclasses.replace(
        network, module=Stages(network.module), architecture=f"{network.architecture}-stages", head="linear"
    )
