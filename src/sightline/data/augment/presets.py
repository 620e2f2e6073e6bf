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
from sightline.data.augment.warp import FILLS, Placement, degrees, place_crop, warp
from sightline.errors import UsageError

__all__ = ["OPERATIONS", "PRESETS", "Augment", "build", "mix"]

OPERATIONS = {
    "flip": "chance of a mirror image, 0-1",
    "rotation": "degrees either way, or [least, most] counter-clockwise",
    "shift": "share of the side, either way, across and down",
    "shear": "sideways shift for each unit of height, either way",
    "zoom": "share either way (0.2: from 0.8 to 1.2), or [least, most]; above 1 enlarges",
    "crop": "smallest share of the area that is kept, or [least, most]; any place, width/height 3/4 to 4/3",
    "brightness": "share either way (0.2: factor 0.8 to 1.2), or [least, most]",
    "contrast": "as brightness, about the image's mean gray",
    "saturation": "as brightness, about each pixel's gray",
    "hue": "share of the colour circle, either way, at most 0.5",
    "grayscale": "chance of a gray picture, 0-1",
    "erase": "chance that a rectangle of 2 to 33 % of the area turns mid-gray, 0-1",
    "trivial": "true: TrivialAugment, one operation of 14 for each image",
    "fill": "what lies outside a picture: reflect (the default), border or black",
}
"""Every operation of a spec, and what its value means."""

PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "light": {"flip": 0.5, "rotation": 10, "crop": 0.7, "brightness": 0.2, "contrast": 0.2},
    # Text 000 of docs/recipes.md names grayscale, rotation, erasing "and a lot more"; the strengths are ours.
    "scenes-000": {
        "flip": 0.5,
        "rotation": 15,
        "crop": 0.6,
        "brightness": 0.3,
        "contrast": 0.3,
        "saturation": 0.3,
        "hue": 0.05,
        "grayscale": 0.1,
        "erase": 0.3,
    },
    # Text 002: brightness up or down, a mirror image half of the time, 10 degrees to either side.
    "scenes-002": {"brightness": 0.2, "flip": 0.5, "rotation": 10},
    # The table of text 001: rotation 0 to 90, the other ranges 0 to 0.2, which in Keras go both ways.
    "keras-document": {
        "rotation": [0, 90],
        "shift": 0.2,
        "shear": 0.2,
        "zoom": 0.2,
        "flip": 0.5,
        "fill": "border",
    },
    # Text 003 shows Keras layers without values; these are those of the TensorFlow flowers tutorial: 0.1 of a turn.
    "flowers": {"flip": 0.5, "rotation": 36, "zoom": 0.1},
    "trivial": {"flip": 0.5, "trivial": True},
}
"""Name -> spec. `light` is ours; `keras-document`, `flowers` and `scenes-…` are those of texts in docs/recipes.md."""

_CHANCES = ("flip", "grayscale", "erase")
_FACTORS = ("zoom", "brightness", "contrast", "saturation")


class Augment:
    """A spec, ready to change batches. `spec` holds it as a plain mapping, checked."""

    def __init__(self, spec: Mapping[str, Any], size: int) -> None:
        self.spec = {name: value for name, value in spec.items() if value not in (0, 0.0, False, None)}
        self.size = size
        self._ranges = {
            name: _range(name, value) for name, value in self.spec.items() if name not in (*_CHANCES, "trivial", "fill")
        }
        self._chances = {name: _chance(name, value) for name, value in self.spec.items() if name in _CHANCES}
        self._fill = self.spec.get("fill", "reflect")
        if self._fill not in FILLS:
            raise UsageError(f"augment: fill is one of {', '.join(FILLS)}, not {self._fill}.")
        if self.spec.get("trivial", True) is not True:
            raise UsageError(f"augment: trivial is true or false, not {self.spec['trivial']}.")

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
        preset_or_spec: a key of PRESETS, or a mapping of OPERATIONS to values. A mapping may start from a preset:
            {"preset": "light", "erase": 0.2, "rotation": 0}.
        size: pixels on a side of the batches to come.

    Raises:
        UsageError: a name is unknown or a value out of range; says which.
    """
    if isinstance(preset_or_spec, str):
        if preset_or_spec not in PRESETS:
            raise UsageError(f"augment: {preset_or_spec} is unknown. Presets: {', '.join(PRESETS)}.")
        return Augment(PRESETS[preset_or_spec], size)
    spec = dict(preset_or_spec)
    start = spec.pop("preset", "none")
    unknown = [str(name) for name in spec if name not in OPERATIONS]
    if unknown:
        raise UsageError(f"augment: there is no {', '.join(unknown)}. Operations: {', '.join(OPERATIONS)}.")
    return Augment({**build(start, size).spec, **spec}, size)


def _rand(n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device).cpu()


def _range(name: str, value: Any) -> tuple[float, float]:
    """[least, most] of an operation; a single number stands for a range about "unchanged"."""
    limits = {"crop": (0.01, 1.0), "zoom": (0.05, 20.0), "hue": (-0.5, 0.5), "rotation": (-360.0, 360.0)}
    least, most = limits.get(name, (0.0, 10.0) if name in _FACTORS else (-2.0, 2.0))
    try:
        if isinstance(value, int | float):
            number = float(value)
            low, high = (number, 1.0) if name == "crop" else (-abs(number), abs(number))
            if name in _FACTORS:
                low, high = max(1 + low, least), 1 + high
        else:
            low, high = (float(part) for part in value)
    except (TypeError, ValueError):
        raise UsageError(f"augment: {name} is a number or [least, most], not {value}.") from None
    if not least <= low <= high <= most:
        raise UsageError(f"augment: {name} {value} is out of range: {least:g} to {most:g}. {OPERATIONS[name]}.")
    return low, high


def _chance(name: str, value: Any) -> float:
    if isinstance(value, bool):
        return 0.5 if name == "flip" else 1.0
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UsageError(f"augment: {name} is a chance from 0 to 1, not {value}.")
    return float(value)


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
