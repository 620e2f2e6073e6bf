"""Drawn photos whose class shows only at their left or right edge: what a middle square loses of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sightline.scenes.drawing.render import CLASSES, draw

SHAPES = ("ball", "box", "kite")
_COLOUR = (232, 62, 58)


def draw_edge(shape: str, number: int, height: int, ratio: float) -> Image.Image:
    """One photo: a scene of any kind, and a red shape at its left or right edge.

    Args:
        shape: one of `SHAPES`, which is the class.
        number: another one is another photo.
        height: in pixels.
        ratio: width to height, 1 or more.
    """
    rng = np.random.default_rng([SHAPES.index(shape), number, 7])
    kind = CLASSES[int(rng.integers(len(CLASSES)))]
    image = draw(kind, int(rng.integers(1_000_000)), height).resize((round(height * ratio), height))
    side = round(height * rng.uniform(0.3, 0.4))
    left = int(rng.integers(0, max(1, height // 12)))
    left = left if rng.random() < 0.5 else image.width - side - left
    top = int(rng.integers(height // 10, height - side - height // 10))
    box = (left, top, left + side, top + side)
    pen = ImageDraw.Draw(image)
    if shape == "ball":
        pen.ellipse(box, _COLOUR)
    elif shape == "box":
        pen.rectangle(box, _COLOUR)
    else:
        middle = side // 2
        pen.polygon(
            [(left + middle, top), (left + side, top + middle), (left + middle, top + side), (left, top + middle)],
            _COLOUR,
        )
    return image


def write_edges(folder: Path, per_class: int, height: int, ratio: float) -> None:
    """A folder of such photos, one sub-folder per class.

    Args:
        folder: made where it is not there.
        per_class: photos of each class.
        height: in pixels.
        ratio: width to height.
    """
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for number in range(per_class):
            image = draw_edge(shape, number, height, ratio)
            image.save(folder / shape / f"{number:04d}.jpg", quality=92)
