"""A look at one photo: what the network is shown of it, and what people are. Decoded once for both.

This runs in a process that may be killed (see decoders.py), and is all that such a process loads of the site: no
Django, no torch.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image

from sightline.config import Fit
from sightline.data.decoding.decode import decode
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.fit import square
from sightline.data.decoding.regular import Undecodable, read

_ENOUGH = 480  # pixels on the longer side; a card on a page is hardly wider


@dataclass(frozen=True)
class Look:
    """What came of it."""

    square: np.ndarray | None
    """(S, S, 3) uint8, exactly as in training; None if it was not asked for."""
    picture: bytes
    """A JPEG made anew, without any metadata; empty if none was asked for."""
    width: int
    height: int
    notes: tuple[str, ...]


def look(
    source: bytes | str,
    max_pixels: int,
    size: int = 0,
    fit: Fit = "crop",
    white: int = FULL,
    side: int = 0,
    quality: int = 86,
    digest: str | None = None,
) -> Look:
    """Decode a photo.

    Args:
        source: the bytes of an image file, or the path of one.
        max_pixels: the most pixels that are decoded.
        size: the side of the square that the network wants; 0 for none.
        fit: how the photo is made square for it.
        white: of a 16-bit one (data/decoding/deep.py).
        side: the most pixels on a side of the picture that people will see; 0 for none.
        quality: of that picture, as JPEG counts it.
        digest: the SHA-256 that the bytes must have, as 64 hexadecimal digits; None takes any.

    Raises:
        Undecodable: the picture cannot be had, or is another one.
    """
    if isinstance(source, str):
        source = read(source)
    if digest is not None and sha256(source).hexdigest() != digest:
        raise Undecodable("unreadable", "it is not the file that this run was made with")
    decoded = decode(source, max_pixels=max_pixels, target=size or side // 2, white=white)
    pixels = square(decoded.image, size, fit) if size else None
    picture = b""
    if side:
        image = decoded.image
        if max(image.size) < min(side, _ENOUGH, max(decoded.width, decoded.height)):
            # For a very small network a JPEG is unpacked smaller than people can make out.
            image = decode(source, max_pixels=max_pixels, target=side // 2, white=white).image
        image.thumbnail((side, side))
        picture = as_jpeg(image, quality)
    return Look(pixels, picture, decoded.width, decoded.height, decoded.notes)


def as_jpeg(image: Image.Image, quality: int = 86) -> bytes:
    """An RGB picture as JPEG bytes without metadata."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
