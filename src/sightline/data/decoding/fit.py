"""A photo of any shape as the square that a network sees: its middle, or the whole with borders, or squeezed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sightline.data.decoding.deep import FULL

if TYPE_CHECKING:
    from sightline.config import Fit

BORDER = (124, 116, 104)
"""What fills up a padded square: the mean colour of ImageNet, which is nothing to a network that began there."""

STEPS: dict[Fit, str] = {
    "crop": "shorter side to size (bicubic); centre crop",
    "pad": f"longer side to size (bicubic); centred on RGB {BORDER[0]}, {BORDER[1]}, {BORDER[2]}",
    "squash": "both sides to size (bicubic)",
}
"""What is done, in words."""


def steps(fit: Fit, white: int = FULL) -> str:
    """Everything that is done to a photo, in words.

    Args:
        fit: how it is made square.
        white: of 16-bit samples whose file leaves it open.
    """
    scaled = "" if white == FULL else f"; 16-bit values from 0 to {white}"
    return f"turn by EXIF; to RGB, transparent parts white{scaled}; {STEPS[fit]}"


def square(image: Image.Image, size: int, fit: Fit = "crop") -> np.ndarray:
    """An RGB picture as `size` x `size` x 3, uint8, resized bicubically with antialiasing.

    All three ways give the same for a square picture. Only what is kept is computed, so a very long picture costs no
    more than a square one.

    Args:
        image: RGB.
        size: side of the square in pixels.
        fit: "crop" takes the middle, "pad" puts the whole into the middle of a square of `BORDER`, "squash" makes both
            sides as long, whatever that does to shapes.
    """
    if image.size == (size, size):
        return np.array(image)
    if fit == "pad":
        left, top, right, bottom = inside(*image.size, size)
        out = np.full((size, size, 3), BORDER, np.uint8)
        out[top:bottom, left:right] = np.asarray(image.resize((right - left, bottom - top), Image.Resampling.BICUBIC))
        return out
    box = None if fit == "squash" else seen(*image.size)
    return np.array(image.resize((size, size), Image.Resampling.BICUBIC, box=box))


def seen(width: int, height: int, fit: Fit = "crop") -> tuple[float, float, float, float]:
    """The part of a picture that the network is shown: left, top, right and bottom in pixels of the picture.

    Args:
        width: of the picture, in pixels.
        height: likewise.
        fit: how it is made square.
    """
    if fit != "crop":
        return 0, 0, width, height
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    return left, top, left + short, top + short


def inside(width: int, height: int, size: int, fit: Fit = "pad") -> tuple[int, int, int, int]:
    """The part of the square that the picture takes: left, top, right and bottom in pixels of the square.

    Args:
        width: of the picture, in pixels.
        height: likewise.
        size: side of the square.
        fit: how the picture is made square.
    """
    if fit != "pad":
        return 0, 0, size, size
    longer = max(width, height)
    wide, high = (max(1, round(side * size / longer)) for side in (width, height))
    left, top = (size - wide) // 2, (size - high) // 2
    return left, top, left + wide, top + high
