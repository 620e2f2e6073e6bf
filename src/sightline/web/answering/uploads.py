"""An upload becomes a photo: refused by its first bytes and by its size before anything is decoded, decoded in
quarantine, and made anew before anybody is shown it.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass

import numpy as np
from django.core.files.uploadedfile import UploadedFile
from PIL import Image

from sightline.data.decoding.decode import Undecodable, square
from sightline.data.decoding.quarantine import decode_untrusted
from sightline.system.processes import cores
from sightline.web.replies import Refused

PREVIEW = 960
_SECONDS = 5.0

# A decoded photo may have 150 MB: not more of them in memory at once than the machine can work on.
_at_once = threading.BoundedSemaphore(2 * cores())


@dataclass(frozen=True)
class Photo:
    """A photo that was read: what the network sees, and what people may be shown."""

    pixels: np.ndarray
    """(S, S, 3) uint8, exactly as in training."""
    preview: bytes
    """A JPEG made anew, at most 960 pixels on a side, without any metadata; empty if none was asked for."""
    width: int
    height: int
    notes: tuple[str, ...]


def sniff(start: bytes) -> str:
    """JPEG, PNG or WEBP by a file's first bytes; "" for anything else, whatever its name says."""
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WEBP" if start[:4] == b"RIFF" and start[8:12] == b"WEBP" else ""


def read_upload(file: UploadedFile, size: int, max_pixels: int, *, preview: bool) -> Photo:
    """Read one uploaded file.

    Args:
        file: the upload, within the byte limit (`limits.LimitHandler` saw to that).
        size: the side of the square that the network wants.
        max_pixels: the most pixels that are decoded.
        preview: whether people will be shown it.

    Raises:
        Refused: 415 another kind of file, 413 too many pixels, 422 damaged or too slow to decode; the reason says
        which.
    """
    if not file.size:
        raise Refused(422, "The file is empty.")
    content = file.read()
    if not sniff(content[:16]):
        raise Refused(415, "Only JPEG, PNG and WebP photos are read here.")
    try:
        with _at_once:
            return _read(content, size, max_pixels, preview)
    except Undecodable as error:
        if error.problem == "too-large":
            raise Refused(413, f"The photo is too large: {error.detail}.") from None
        if error.problem in ("unsupported", "not-an-image"):
            raise Refused(415, f"This cannot be read as a photo: {error.detail}.") from None
        raise Refused(422, f"This photo cannot be read ({error.problem}): {error.detail}.") from None


def _read(content: bytes, size: int, max_pixels: int, preview: bool) -> Photo:
    decoded = decode_untrusted(content, seconds=_SECONDS, max_pixels=max_pixels, target=size)
    pixels = square(decoded.image, size)
    shown = b""
    if preview:
        image = decoded.image
        if max(image.size) < min(PREVIEW, max(decoded.width, decoded.height)):
            # For the network a JPEG may be unpacked smaller than people want to see it.
            image = decode_untrusted(content, seconds=_SECONDS, max_pixels=max_pixels, target=PREVIEW // 2).image
        image.thumbnail((PREVIEW, PREVIEW))
        shown = as_jpeg(image)
    return Photo(pixels, shown, decoded.width, decoded.height, decoded.notes)


def as_jpeg(image: Image.Image, quality: int = 86) -> bytes:
    """An RGB picture as JPEG bytes without metadata."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
