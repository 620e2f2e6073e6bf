"""Named augmentations of whole batches, on the device where the batch lies.

    augment = build("light", size=150)
    batch = augment(batch, torch.Generator().manual_seed(7))       # (n, 3, S, S) in 0-1, before normalisation

Every image of a batch gets its own random values. All that moves pixels becomes one resampling (`warp.py`), all light
and colour one matrix (`colour.py`), then come TrivialAugment's leftovers (`trivial.py`) and erasing. The random values
are drawn as n numbers for each operation, in a fixed order, so a generator on the CPU gives the same values whatever
the device of the batch. How fast this is beside kornia and torchvision: benchmarks/augment.md.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from sightline.data.augment import trivial
from sightline.data.augment.colour import Light, relight
from sightline.data.augment.mixing import mix
from sightline.data.augment.specs import CHANCES, OPERATIONS, PRESETS, chance, limits, spec_of
from sightline.data.augment.warp import Placement, degrees, place_crop, warp

__all__ = ["OPERATIONS", "PRESETS", "Augment", "build", "mix"]

_NO_RANGE = (*CHANCES, "trivial", "fill")


class Augment:
    """A spec, ready to change batches. `spec` holds it as a plain mapping, checked."""

    def __init__(self, spec: Mapping[str, Any], size: int) -> None:
        self.spec = spec_of(spec)
        self.size = size
        self._ranges = {name: limits(name, value) for name, value in self.spec.items() if name not in _NO_RANGE}
        self._chances = {name: chance(name, value) for name, value in self.spec.items() if name in CHANCES}
        self._fill = self.spec.get("fill", "reflect")

    def __repr__(self) -> str:
        return f"Augment({self.spec})"

    @property
    def changes(self) -> bool:
        """False for `none`."""
        return any(name != "fill" for name in self.spec)

    def __call__(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Change each image of a batch in its own way.

        Args:
            batch: (n, 3, S, S), floating point, in 0-1; left as it is.
            generator: source of every random value.

        Returns:
            The same shape, type, device and range. `batch` itself for the preset `none`.
        """
        if not self.changes or not len(batch):
            return batch
        n = len(batch)
        placement, light = self._place(n, generator), self._light(n, generator)
        one_of = trivial.draw(n, generator) if "trivial" in self.spec else None
        if one_of is not None:
            trivial.plan(*one_of, placement, light)
        out = warp(batch, placement, self._fill)
        if out is batch:  # what follows works in place
            out = batch.clone()
        out = relight(out, light)
        if one_of is not None:
            out = trivial.finish(out, *one_of)
        if "erase" in self._chances:
            _erase(out, self._hits("erase", n, generator), generator)
        return out

    def _uniform(self, name: str, n: int, generator: torch.Generator) -> Tensor:
        low, high = self._ranges[name]
        return low + (high - low) * _rand(n, generator)

    def _hits(self, name: str, n: int, generator: torch.Generator) -> Tensor:
        return _rand(n, generator) < self._chances[name]

    def _place(self, n: int, generator: torch.Generator) -> Placement:
        place = Placement.unchanged(n)
        if "flip" in self._chances:
            place.flip[self._hits("flip", n, generator)] = -1.0
        if "rotation" in self._ranges:
            place.angle = degrees(self._uniform("rotation", n, generator))
        if "shift" in self._ranges:
            place.shift_x = self._uniform("shift", n, generator)
            place.shift_y = self._uniform("shift", n, generator)
        if "shear" in self._ranges:
            place.shear_x = self._uniform("shear", n, generator)
        if "zoom" in self._ranges:
            place.zoom = self._uniform("zoom", n, generator)
        if "crop" in self._ranges:
            ratio = torch.exp((2 * _rand(n, generator) - 1) * math.log(4 / 3))
            place.width, place.height = place_crop(self._uniform("crop", n, generator), ratio)
            place.left, place.top = _rand(n, generator), _rand(n, generator)
        return place

    def _light(self, n: int, generator: torch.Generator) -> Light:
        light = Light.unchanged(n)
        for name in ("brightness", "contrast", "saturation"):
            if name in self._ranges:
                setattr(light, name, self._uniform(name, n, generator))
        if "hue" in self._ranges:
            light.hue = self._uniform("hue", n, generator) * (2 * math.pi)
        if "grayscale" in self._chances:
            light.saturation[self._hits("grayscale", n, generator)] = 0.0
        return light


def build(preset_or_spec: str | Mapping[str, Any], size: int) -> Augment:
    """An augmentation from a preset's name or from operations.

    Args:
        preset_or_spec: as `specs.spec_of` takes it.
        size: pixels on a side of the batches to come.

    Raises:
        UsageError: a name is unknown or a value out of range; says which.
    """
    return Augment(spec_of(preset_or_spec), size)


def _rand(n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device).cpu()


def _erase(images: Tensor, hit: Tensor, generator: torch.Generator) -> None:
    """Paint a rectangle of the images that are hit mid-gray, in place (Zhong et al. 2017, "Random erasing")."""
    n = len(hit)
    rows, columns = images.shape[-2:]
    area = 0.02 + 0.31 * _rand(n, generator)
    ratio = torch.exp((2 * _rand(n, generator) - 1) * math.log(3.3))
    height, width = torch.sqrt(area * ratio).clamp(max=1.0), torch.sqrt(area / ratio).clamp(max=1.0)
    top, left = _rand(n, generator) * (1 - height), _rand(n, generator) * (1 - width)
    box = torch.stack([top, top + height, left, left + width], 1)
    for row in hit.nonzero().flatten().tolist():
        y0, y1, x0, x1 = box[row].tolist()
        images[row, :, int(y0 * rows) : math.ceil(y1 * rows), int(x0 * columns) : math.ceil(x1 * columns)] = 0.5
