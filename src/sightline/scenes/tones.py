"""The same photo with another tone, as photo programs, messengers and cameras give it: what stays is the scene.

Each takes a generator and an RGB image and returns an image and, in words, how strong the change is. `damage.py` plants
them beside the other kinds of near-duplicate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

_SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)


def _contrast(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    factor = rng.uniform(0.6, 1.6)
    return ImageEnhance.Contrast(image).enhance(factor), f"× {factor:.2f}"


def _gamma(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    power = rng.uniform(0.6, 1.6)
    return image.point([round(255 * (value / 255) ** power) for value in range(256)] * 3), f"{power:.2f}"


def _levels(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    cut, together = rng.uniform(0.2, 2.5), bool(rng.random() < 0.5)
    how = "together" if together else "each channel"
    return ImageOps.autocontrast(image, cutoff=cut, preserve_tone=together), f"{how}, {cut:.1f} % cut"


def _grayscale(_: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    return ImageOps.grayscale(image).convert("RGB"), ""


def _sepia(_: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    return _as_image(np.asarray(image, np.float32) @ _SEPIA.T), ""


def _balance(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    warmer = float(rng.choice([-1, 1]) * rng.uniform(0.08, 0.3))
    gain = np.array([1 + warmer, 1 + rng.uniform(-0.05, 0.05), 1 - warmer], np.float32)
    return _as_image(
        np.asarray(image, np.float32) * gain
    ), f"{'warmer' if warmer > 0 else 'colder'} by {abs(warmer):.0%}"


def _posterised(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    if rng.random() < 0.5:
        bits = int(rng.integers(2, 5))
        return ImageOps.posterize(image, bits), f"to {bits} bits"
    colours = int(rng.choice([8, 16, 32]))
    return image.quantize(colours, dither=Image.Dither.NONE).convert("RGB"), f"to {colours} colours"


def _framed(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    wide = max(1, round(min(image.size) * rng.uniform(0.01, 0.05)))
    colours = ((255, 255, 255), (0, 0, 0), (128, 128, 128), (236, 226, 198), (120, 30, 30))
    colour = colours[int(rng.integers(len(colours)))]
    if rng.random() < 0.5:
        return ImageOps.expand(image, wide, colour), f"of {wide} pixels around it"
    image = image.copy()
    ImageDraw.Draw(image).rectangle((0, 0, image.width - 1, image.height - 1), outline=colour, width=wide)
    return image, f"of {wide} pixels over it"


def _stamped(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    image = image.copy()
    words = f"{rng.integers(1, 13):02d}/{rng.integers(1, 29):02d}/{rng.integers(1995, 2025)}"
    font = ImageFont.load_default(max(8.0, min(image.size) * rng.uniform(0.05, 0.09)))
    pen = ImageDraw.Draw(image)
    _, _, wide, tall = pen.textbbox((0, 0), words, font=font)
    x = float(rng.choice([0.03, 0.97])) * (image.width - wide)
    pen.text((x, 0.95 * (image.height - tall)), words, fill=(255, 140, 0), font=font)
    return image, f"“{words}”"


def _as_image(values: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8))


TONES: dict[str, Callable[[np.random.Generator, Image.Image], tuple[Image.Image, str]]] = {
    "contrast": _contrast,
    "gamma": _gamma,
    "levels": _levels,
    "grayscale": _grayscale,
    "sepia": _sepia,
    "balance": _balance,
    "posterised": _posterised,
    "framed": _framed,
    "stamped": _stamped,
}
"""Ways to give a photo another tone, a thin frame or a date stamp."""
