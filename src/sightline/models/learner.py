"""A copy of a network as it will learn, and one batch: to try on it what a step costs and comes to."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sightline.models import cut
from sightline.models.cut import Cut
from sightline.models.folding import fold
from sightline.models.freezing import freeze, set_mode
from sightline.models.network import Network


class Learner:
    """Frozen layers in front are run by an engine of their own in training: what is tried is the step of the others.

    Args:
        network: left as it is.
        sample: photos, (n, S, S, 3) uint8; repeated until they fill the batch.
        device: cpu, cuda or mps.
        train: what learns, as in a recipe's phase.
        batch: photos in the step.
        freeze_norm: batch norm in layers that learn keeps its statistics.
        bfloat16: answer in it.

    Raises:
        UsageError: `train` matches nothing.
    """

    def __init__(
        self,
        network: Network,
        sample: np.ndarray,
        device: str,
        train: str | list[str],
        *,
        batch: int,
        freeze_norm: bool = False,
        bfloat16: bool = False,
    ) -> None:
        module = copy.deepcopy(network.module).to(device, memory_format=torch.channels_last)
        self.network = dataclasses.replace(network, module=module)
        freeze(module, train)
        self.halves: Cut | None = cut.find(self.network) if device == "cpu" else None
        set_mode(module, freeze_norm)
        fold(self.network)
        self._photos = torch.from_numpy(np.resize(sample, (batch, *sample.shape[1:]))).to(device)
        self.answer: Callable[[Tensor], Tensor] = module
        if self.halves is not None:
            self.halves.train(True)
            self.answer = self.halves.after
        self.targets = torch.arange(batch, device=device) % len(network.classes)
        self._autocast = torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=bfloat16)

    @cached_property
    def given(self) -> Tensor:
        """The batch as it reaches the layers that learn."""
        mean, std = (
            torch.tensor(value, device=self._photos.device).view(3, 1, 1)
            for value in (self.network.mean, self.network.std)
        )
        scaled: Tensor = (self._photos.permute(0, 3, 1, 2).float().div(255) - mean) / std
        if self.halves is None:
            return scaled
        with torch.no_grad():
            passed: Tensor = self.halves.before.module.forward_features(scaled)
        return passed

    def loss(self) -> Tensor:
        """Of the batch, with the graph behind it."""
        with self._autocast:
            logits = self.answer(self.given)
        return F.cross_entropy(logits.float(), self.targets)
