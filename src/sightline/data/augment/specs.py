"""What an augmentation is told to do: its operations, their ranges, and the presets, checked without a network library.

So a name that is none is refused before anything heavy is loaded. `presets.py` carries a spec out.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from sightline.errors import UsageError

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

CHANCES = ("flip", "grayscale", "erase")
FACTORS = ("zoom", "brightness", "contrast", "saturation")
FILLS = {"reflect": "reflection", "border": "border", "black": "zeros"}
"""What lies outside a picture, its mirror image, its outermost pixels or nothing, -> what torch calls it."""


def spec_of(preset_or_spec: str | Mapping[str, Any]) -> dict[str, Any]:
    """The operations of a preset or of a mapping, which may start from a preset; what changes nothing is left out.

    Args:
        preset_or_spec: a key of PRESETS, or a mapping of OPERATIONS to values. A mapping may start from a preset:
            {"preset": "light", "erase": 0.2, "rotation": 0}.

    Raises:
        UsageError: a name is unknown or a value out of range; says which, and what may have been meant.
    """
    if isinstance(preset_or_spec, str):
        if preset_or_spec not in PRESETS:
            raise UsageError(f"augment: {preset_or_spec} is unknown. {_meant(preset_or_spec, PRESETS, 'Presets')}")
        return dict(PRESETS[preset_or_spec])
    if not isinstance(preset_or_spec, Mapping):
        raise UsageError(f"augment: is a preset or a mapping of operations, not {preset_or_spec}.")
    spec = dict(preset_or_spec)
    start = spec.pop("preset", "none")
    for name in spec:
        if name not in OPERATIONS:
            raise UsageError(f"augment: there is no {name}. {_meant(str(name), OPERATIONS, 'Operations')}")
    merged = {**spec_of(start), **spec}
    found = {name: value for name, value in merged.items() if value not in (0, 0.0, False, None)}
    for name, value in found.items():
        _require(name, value)
    return found


def _require(name: str, value: Any) -> None:
    """Refuse a value that an operation does not take."""
    if name in CHANCES:
        chance(name, value)
    elif name == "fill":
        if value not in FILLS:
            raise UsageError(f"augment: fill is one of {', '.join(FILLS)}, not {value}.")
    elif name == "trivial":
        if value is not True:
            raise UsageError(f"augment: trivial is true or false, not {value}.")
    else:
        limits(name, value)


def _meant(name: str, known: Mapping[str, Any], kind: str) -> str:
    close = get_close_matches(name, known, n=1)
    return (f"Did you mean {close[0]}? " if close else "") + f"{kind}: {', '.join(known)}."


def limits(name: str, value: Any) -> tuple[float, float]:
    """[least, most] of an operation, checked; a single number stands for a range about "unchanged"."""
    bounds = {"crop": (0.01, 1.0), "zoom": (0.05, 20.0), "hue": (-0.5, 0.5), "rotation": (-360.0, 360.0)}
    least, most = bounds.get(name, (0.0, 10.0) if name in FACTORS else (-2.0, 2.0))
    try:
        if isinstance(value, int | float):
            number = float(value)
            low, high = (number, 1.0) if name == "crop" else (-abs(number), abs(number))
            if name in FACTORS:
                low, high = max(1 + low, least), 1 + high
        else:
            low, high = (float(part) for part in value)
    except (TypeError, ValueError):
        raise UsageError(f"augment: {name} is a number or [least, most], not {value}.") from None
    if not least <= low <= high <= most:
        raise UsageError(f"augment: {name} {value} is out of range: {least:g} to {most:g}. {OPERATIONS[name]}.")
    return low, high


def chance(name: str, value: Any) -> float:
    """The chance of an operation, 0-1, checked."""
    if isinstance(value, bool):
        return 0.5 if name == "flip" else 1.0
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UsageError(f"augment: {name} is a chance from 0 to 1, not {value}.")
    return float(value)
