"""Ways to damage a dataset: a photo made into a near-duplicate, a file made unreadable, a label made wrong.

Functions over PIL images, bytes and labels; they touch no file. `faults.py` plants what they make.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from sightline.errors import UsageError
from sightline.scenes.tones import TONES

CONFUSABLE = (("buildings", "street"), ("glacier", "mountain"), ("glacier", "sea"))
"""Pairs of scenes that people mix up as well."""


def _resaved(_: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    return image, ""


def _resized(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    share = rng.uniform(0.5, 0.93) if rng.random() < 0.5 else rng.uniform(1.07, 1.5)
    size = tuple(max(8, round(length * share)) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS), f"to {share:.0%}"


def _cropped(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    width, height = image.size
    lost = rng.uniform(0.02, 0.10, 2)
    left, top = (rng.random(2) * lost * (width, height)).astype(int)
    box = (left, top, left + round(width * (1 - lost[0])), top + round(height * (1 - lost[1])))
    return image.crop(box), f"by {lost[0]:.1%} across, {lost[1]:.1%} down"


def _brightness(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    change = rng.choice([-1, 1]) * rng.uniform(0.05, 0.20)
    return ImageEnhance.Brightness(image).enhance(1 + change), f"{change:+.0%}"


def _mirrored(_: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    return ImageOps.mirror(image), ""


def _text(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    image = image.copy()
    words = str(rng.choice(["© A. Miller", "DSC_0412", "2019-07-14", "SAMPLE", "photo club"]))
    font = ImageFont.load_default(max(8.0, min(image.size) * rng.uniform(0.05, 0.08)))
    pen = ImageDraw.Draw(image)
    _, _, wide, tall = pen.textbbox((0, 0), words, font=font)
    x = rng.choice([0.02, 0.98]) * (image.width - wide)
    y = rng.choice([0.02, 0.96]) * (image.height - tall)
    pen.text((x, y), words, fill=(255, 255, 255) if rng.random() < 0.7 else (255, 210, 60), font=font)
    return image, f"“{words}”"


NEAR: dict[str, Callable[[np.random.Generator, Image.Image], tuple[Image.Image, str]]] = {
    "resaved": _resaved,
    "resized": _resized,
    "cropped": _cropped,
    "brightness": _brightness,
    "mirrored": _mirrored,
    "text": _text,
    **TONES,
}
"""Ways to make a photo the same and yet another file: from a generator and an RGB image to an image and a detail."""


def near_duplicate(image: Image.Image, kind: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A changed copy of a photo as a JPEG file, and in words what was done, the kind first."""
    changed, detail = NEAR[kind](rng, ImageOps.exif_transpose(image).convert("RGB"))
    quality = int(rng.integers(30, 96) if kind == "resaved" else rng.integers(75, 96))
    buffer = io.BytesIO()
    changed.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue(), " ".join(filter(None, (kind, detail, f"JPEG {quality}")))


def _truncated(rng: np.random.Generator, content: bytes) -> bytes:
    return content[: int(len(content) * rng.uniform(0.3, 0.85))]


def _empty(_rng: np.random.Generator, _content: bytes) -> bytes:
    return b""


def _words(rng: np.random.Generator, _content: bytes) -> bytes:
    return b"This is not a photo but a note that somebody gave the wrong name.\n" * int(rng.integers(1, 40))


def _random(rng: np.random.Generator, _content: bytes) -> bytes:
    return rng.bytes(int(rng.integers(200, 20_000)))


CORRUPTIONS: dict[str, Callable[[np.random.Generator, bytes], bytes]] = {
    "truncated": _truncated,
    "empty": _empty,
    "text": _words,
    "random": _random,
}
"""Ways to make a file that cannot be read: from a generator and a photo's bytes to the bytes of the bad file."""


def wrong_labels(
    labels: Sequence[str] | NDArray[np.str_], count: int, seed: int = 0, pairs: Sequence[tuple[str, str]] = ()
) -> NDArray[np.str_]:
    """`labels` with `count` of them changed to another class.

    Args:
        pairs: classes that are mistaken for each other; only they change. Empty: any class for any other.

    Raises:
        UsageError: there are fewer labels that could be changed.
    """
    given = np.asarray(labels, dtype=object).astype(str)
    classes = sorted(set(given.tolist()))
    others = {label: [other for other in classes if other != label] for label in classes}
    if pairs:
        others = {
            label: [b if a == label else a for a, b in pairs if label in (a, b) and a in classes and b in classes]
            for label in classes
        }
    rng = np.random.default_rng([11, seed])
    possible = np.flatnonzero([bool(others[label]) for label in given])
    if count > len(possible):
        raise UsageError(f"{count} wrong labels were asked for, but only {len(possible)} photos can be given one.")
    changed = given.astype(object)
    for row in rng.choice(possible, count, replace=False):
        changed[row] = rng.choice(others[given[row]])
    return changed.astype(str)
