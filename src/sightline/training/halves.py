"""What a phase feeds to its network: whole images, or what the frozen layers have already made of them.

Where early layers are frozen, an engine runs them (`models/cut.py`), several times as fast as the training step would,
and only the later layers learn in torch. What they make of the validation photos is computed once for the phase; and
where the phase asks for a number of `views`, what they make of that many augmented views of each training photo is kept
too, in the cache, under the weights, the cut, the augmentation and the seeds.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch

from sightline.config import Machine
from sightline.models import cut, engines
from sightline.models.cut import Cut
from sightline.models.engines import Engine
from sightline.models.network import Network
from sightline.system import cache
from sightline.training.batches import Preparation, generator
from sightline.training.kept import KeptMaps, described

_VIEW = 1_000_003  # in the place of the epoch, for the random numbers of kept views: no phase has so many epochs


class Feed(Protocol):
    """What a step learns from, and how the network answers to it."""

    def lesson(self, rows: np.ndarray, epoch: int, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """What the layers that learn are given for these training rows, augmented, and soft targets (n, K)."""

    def plain(self, rows: np.ndarray) -> torch.Tensor:
        """The same for these validation rows, as they are."""

    def logits(self, given: torch.Tensor) -> torch.Tensor:
        """(n, K) for what `lesson` or `plain` gave."""


class Whole:
    """Every layer is part of the step."""

    def __init__(self, network: Network, prepare: Preparation) -> None:
        self.module, self.prepare = network.module, prepare

    def lesson(self, rows: np.ndarray, epoch: int, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: ARG002, D102
        return self.prepare(rows, draws)

    def plain(self, rows: np.ndarray) -> torch.Tensor:  # noqa: D102
        return self.prepare.plain(rows)

    def logits(self, given: torch.Tensor) -> torch.Tensor:  # noqa: D102
        logits: torch.Tensor = self.module(given)
        return logits


class Halves:
    """The frozen layers are run by an engine of their own, the others learn from what it hands on."""

    def __init__(self, halves: Cut, engine: Engine, network: Network, prepare: Preparation, number: int) -> None:
        self.halves, self.engine, self.network, self.prepare = halves, engine, network, prepare
        self.config, self.data = prepare.config, prepare.data
        self.number, self.phase = number, prepare.config.phases[number]
        self._val: KeptMaps | None = None
        self._keep_val()
        self._views: dict[int, KeptMaps | None] = {}

    def lesson(self, rows: np.ndarray, epoch: int, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: D102
        views = 0 if self.config.mixup or self.config.cutmix else self.phase.views
        kept = self._view(epoch % views) if views else None
        if kept is not None:
            return self._on(kept.take(np.searchsorted(self.data.train, rows))), self.prepare.targets(rows)
        pixels, targets = self.prepare.view(rows, draws)
        return self._on(self._maps(pixels)), targets

    def plain(self, rows: np.ndarray) -> torch.Tensor:  # noqa: D102
        if self._val is not None:
            return self._on(self._val.take(np.searchsorted(self.data.val, rows)))
        return self._on(self._maps(self.data.pixels.take(rows)).bfloat16())  # as they would have been kept

    def logits(self, given: torch.Tensor) -> torch.Tensor:  # noqa: D102
        self.halves.train(self.network.module.training)
        return self.halves.after(given)

    def _maps(self, pixels: np.ndarray) -> torch.Tensor:
        """(n, *shape) float32."""
        embedding, _ = self.engine(pixels)
        return torch.from_numpy(embedding).view(-1, *self.halves.shape)

    def _on(self, maps: torch.Tensor) -> torch.Tensor:
        maps = maps.float()
        return maps.contiguous(memory_format=torch.channels_last) if maps.ndim == 4 else maps

    def _keep_val(self) -> None:
        what = described(self.halves, self.engine, self.data, self.data.val)
        batches = np.array_split(self.data.val, math.ceil(len(self.data.val) / self.engine.batch))
        seen = (self._maps(self.data.pixels.take(rows)) for rows in batches)
        with cache.sparing("What the frozen layers see of val is"):
            self._val = KeptMaps.made(what, self.halves, len(self.data.val), "What the frozen layers see of val", seen)

    def _view(self, number: int) -> KeptMaps | None:
        """What the frozen layers make of one augmented view of each training photo; None where there is no room."""
        if number not in self._views:
            rows = np.asarray(self.data.train)
            batches = np.array_split(rows, math.ceil(len(rows) / self.config.batch_size))
            what = described(
                self.halves, self.engine, self.data, rows, self.prepare.augment.spec, self.config.seed,
                self.config.batch_size, self.number, number,
            )  # fmt: skip
            seen = (
                self._maps(self.prepare.view(batch, generator(self.config.seed, self.number, _VIEW + number, i))[0])
                for i, batch in enumerate(batches)
            )
            words = f"What the frozen layers see, view {number + 1} of {self.phase.views}"
            self._views[number] = KeptMaps.made(what, self.halves, len(rows), words, seen)
        return self._views[number]


def feed(network: Network, machine: Machine, prepare: Preparation, number: int) -> Feed:
    """How phase `number` feeds its network; what is frozen in it has been frozen.

    Args:
        network: on its device.
        machine: `machine.frozen` names the engine of the frozen layers; empty: they are part of the step.
        prepare: makes images of the photos of the run.
        number: of the phase, from 0.
    """
    found = cut.find(network) if machine.frozen and machine.device == "cpu" else None
    if found is None:
        return Whole(network, prepare)
    engine = engines.make(machine.frozen, found.before, machine.device, machine.frozen_batch)
    return Halves(found, engine, network, prepare, number)
