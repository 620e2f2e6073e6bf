"""One scene from its label and its seed; light enough to be loaded in a process that does nothing but draw."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from sightline.scenes.drawing import buildings, finish, forest, glacier, light, mountain, sea, street

CLASSES = ("buildings", "forest", "glacier", "mountain", "sea", "street")

_ARTISTS = {
    "buildings": buildings.draw,
    "forest": forest.draw,
    "glacier": glacier.draw,
    "mountain": mountain.draw,
    "sea": sea.draw,
    "street": street.draw,
}


def draw(label: str, seed: int, size: int = 96) -> Image.Image:
    """A scene of the class `label`, RGB, `size` pixels on a side.

    The same label, seed and size give the same pixels (on one version of numpy and Pillow). The scene is drawn at twice
    the size and reduced, which smooths its edges.

    Args:
        label: one of CLASSES.
        seed: 0 or more.
        size: 16 to 1024.

    Raises:
        ValueError: an argument out of range.
    """
    if label not in CLASSES:
        raise ValueError(f"no scene {label!r}; there are {', '.join(CLASSES)}")
    if seed < 0 or not 16 <= size <= 1024:
        raise ValueError(f"draw takes a seed from 0 and a size of 16 to 1024, not seed {seed} and size {size}")
    rng = np.random.default_rng([CLASSES.index(label), seed])
    hour = light.choose(rng)
    image, horizon = _ARTISTS[label](rng, 2 * size, hour)
    finish.weather(rng, image, hour, horizon)
    finish.in_front(rng, image, hour)
    return finish.photograph(rng, image, size)


def jpeg(label: str, seed: int, size: int) -> bytes:
    """The scene as a JPEG file, its quality between 80 and 95 by seed."""
    buffer = io.BytesIO()
    quality = 80 + int(np.random.default_rng([7, CLASSES.index(label), seed]).integers(16))
    draw(label, seed, size).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write(jobs: list[tuple[str, str, int]], size: int) -> int:
    """Draw and write a list of (path, label, seed); returns how many. Runs in a drawing process."""
    for path, label, seed in jobs:
        with open(path, "wb") as file:
            file.write(jpeg(label, seed, size))
    return len(jobs)
