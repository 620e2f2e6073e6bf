"""What one optimiser step sees: rows in an order that the seed alone decides, as augmented images on the device."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from sightline.config import Config
from sightline.data.augment import presets
from sightline.models.network import Network
from sightline.runs.prepare import Data


def generator(seed: int, *place: int) -> torch.Generator:
    """Random numbers that depend on the seed and the place in the run alone, not on what was drawn before."""
    entropy = np.random.SeedSequence([seed & 0xFFFFFFFF, *place]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(entropy[0]) << 31 ^ int(entropy[1]))


def shuffled(config: Config, data: Data, phase: int, epoch: int) -> list[np.ndarray]:
    """The training rows of one epoch, cut into batches of nearly equal size."""
    draws = np.random.default_rng([config.seed & 0xFFFFFFFF, phase, epoch])
    if config.sampling == "balanced":
        labels = data.labels[data.train]
        chance = 1 / np.bincount(labels)[labels]
        rows = draws.choice(data.train, size=len(data.train), p=chance / chance.sum())
    else:
        rows = draws.permutation(data.train)
    return np.array_split(rows, max(1, -(-len(rows) // config.batch_size)))


class Preparation:
    """Rows -> images on the device, augmented and normalised, with soft targets.

    On a GPU the photos live in its memory where they fit, so that a batch never crosses the bus.
    """

    def __init__(self, network: Network, config: Config, data: Data, device: str) -> None:
        self.data, self.config, self.device, self.classes = data, config, device, len(network.classes)
        self.mean = torch.tensor(network.mean, device=device).view(3, 1, 1)
        self.std = torch.tensor(network.std, device=device).view(3, 1, 1)
        self.labels = torch.from_numpy(data.labels).to(device)
        self.augment = presets.build(config.augment, network.size)
        self.resident: torch.Tensor | None = None
        if device == "cuda" and data.pixels.nbytes < 0.5 * torch.cuda.mem_get_info()[0]:
            self.resident = torch.from_numpy(data.pixels.take(np.arange(len(data.pixels)))).to(device)
        self.class_weights: torch.Tensor | None = None
        if config.class_weights == "balanced":
            counts = np.bincount(data.labels[data.train], minlength=self.classes)
            weights = counts.sum() / (self.classes * counts)
            self.class_weights = torch.tensor(weights, dtype=torch.float32, device=device)

    def __call__(self, rows: np.ndarray, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (n, 3, S, S) as the network wants them, and targets (n, K) that sum to 1, for training."""
        images, targets = self._augmented(rows, draws)
        return (images - self.mean) / self.std, targets

    def view(self, rows: np.ndarray, draws: torch.Generator) -> tuple[np.ndarray, torch.Tensor]:
        """The same as photos lie in memory, (n, S, S, 3) uint8, for an engine; and the targets."""
        images, targets = self._augmented(rows, draws)
        pixels = images.mul(255).round_().clamp_(0, 255).byte().permute(0, 2, 3, 1).contiguous()
        return pixels.cpu().numpy(), targets

    def plain(self, rows: np.ndarray) -> torch.Tensor:
        """The same images (n, 3, S, S) as they are, for judging."""
        return (self._images(rows) - self.mean) / self.std

    def targets(self, rows: np.ndarray) -> torch.Tensor:
        """(n, K), a one for the class."""
        return F.one_hot(self.truth(rows), self.classes).float()

    def truth(self, rows: np.ndarray) -> torch.Tensor:
        """The class numbers (n,) on the device."""
        return self.labels[torch.from_numpy(rows).to(self.device)]

    def _augmented(self, rows: np.ndarray, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (n, 3, S, S) in 0-1 and targets (n, K)."""
        images, targets = self.augment(self._images(rows), draws), self.targets(rows)
        if self.config.mixup or self.config.cutmix:
            spec = {"mixup": self.config.mixup, "cutmix": self.config.cutmix}
            images, targets = presets.mix(images, targets, spec, draws)
        return images, targets

    def _images(self, rows: np.ndarray) -> torch.Tensor:
        if self.resident is not None:
            pixels = self.resident[torch.from_numpy(rows).to(self.device)]
        else:
            pixels = torch.from_numpy(self.data.pixels.take(rows)).to(self.device, non_blocking=True)
        return pixels.permute(0, 3, 1, 2).float().div_(255)
