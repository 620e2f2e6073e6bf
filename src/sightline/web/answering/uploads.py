"""Check: an upload becomes a photo, or is refused with the reason. Its first bytes and its size are looked at first,
then it is decoded where a decoder can be killed. What people are shown of it is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.core.files.uploadedfile import UploadedFile

from sightline.config import Fit
from sightline.data.decoding.decode import Undecodable
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.signatures import HEADER_BYTES, kind
from sightline.web.decoders import decoders
from sightline.web.replies import Refused

PREVIEW = 960
_READ = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")  # what cameras, phones and browsers write


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
    """JPEG, PNG, WEBP, HEIF or AVIF by a file's first bytes; "" for anything else, whatever its name says."""
    name, _ = kind(start)
    return name if name in _READ else ""


def read_upload(
    file: UploadedFile,
    size: int,
    max_pixels: int,
    *,
    fit: Fit = "crop",
    white: int = FULL,
    preview: bool,
    client: str = "",
    until: float,
) -> Photo:
    """Read one uploaded file.

    Args:
        file: the upload, within the byte limit (`limits.LimitHandler` saw to that).
        size: the side of the square that the network wants.
        max_pixels: the most pixels that are decoded.
        fit: how the photo is made square for it.
        white: of a 16-bit one.
        preview: whether people will be shown it.
        client: who sent it.
        until: the moment (`time.monotonic`) at which it must have been read.

    Raises:
        Refused: 415 another kind of file, 413 too many pixels, 422 damaged or too slow to decode, 504 its turn did not
            come in time; the reason says which.
    """
    if not file.size:
        raise Refused(422, "The file is empty.")
    content = file.read()
    if not sniff(content[:HEADER_BYTES]):
        raise Refused(415, "Only JPEG, PNG, WebP, HEIC and AVIF photos are read here.")
    try:
        seen = decoders().look(
            content,
            max_pixels,
            size=size,
            fit=fit,
            white=white,
            side=PREVIEW if preview else 0,
            client=client,
            until=until,
        )
    except Undecodable as error:
        if error.problem == "too-large":
            raise Refused(413, f"The photo is too large: {error.detail}.") from None
        if error.problem in ("unsupported", "not-an-image"):
            raise Refused(415, f"This cannot be read as a photo: {error.detail}.") from None
        raise Refused(422, f"This photo cannot be read ({error.problem}): {error.detail}.") from None
    assert seen.square is not None
    return Photo(seen.square, seen.picture, seen.width, seen.height, seen.notes)
