"""What can be known of a picture file before a decoder sees it: that it is no trap, and what in it is the picture.

A small file can keep a decoder busy for minutes, or fill the memory, without being large as a picture: a JPEG with
thousands of scans, a TIFF whose tags all point at the same bytes, a PNG in a million pieces. Reading the markers
finds these out in milliseconds. What is then known to be harmless is decoded where it is asked for; everything else
belongs into a process that can be stopped (`quarantine.py`).
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from sightline.data.decoding import jpeg, png, tiff
from sightline.data.decoding.orientation import orientation
from sightline.data.decoding.regular import Undecodable
from sightline.data.decoding.signatures import cut_short

HARMLESS_PIXELS = 64_000_000
"""Up to here a picture is decoded in a second or so, in 200 MB."""
_HARMLESS_WORK = 4 * HARMLESS_PIXELS  # pixels times scans
_EXIF_ITEM = re.compile(rb"(infe(?:\x02.{3}.{2}|\x03.{3}.{4})\0\0)Exif", re.DOTALL)  # ISO/IEC 14496-12, 8.11.6
_USUAL_FRAMES = (0xC0, 0xC1, 0xC2)  # not arithmetic coding, which is many times slower


class Screened(NamedTuple):
    """A picture file that may be decoded."""

    data: bytes
    """What the decoder is given: the file without what its pixels do not need."""
    harmless: bool
    """Decoding it takes a second or so and little memory, whatever the rest of its bytes are."""
    orientation: int | None = None
    """As EXIF counts, 1-8; None: the decoder knows it."""
    animated: bool | None = None
    """None: the decoder knows it."""


def screened(data: bytes, fmt: str) -> Screened:
    """Look a picture file over.

    Args:
        data: the whole file.
        fmt: its format, as `signatures.kind` says.

    Raises:
        Undecodable: it is made to keep a decoder busy, or there is no picture in it.
    """
    if fmt == "JPEG":
        return _jpeg(data)
    if fmt == "PNG":
        found = png.essential(data)
        harmless = 0 < found.width * found.height <= HARMLESS_PIXELS
        return Screened(found.data, harmless, found.orientation, found.animated)
    if fmt == "WEBP":
        return Screened(data, 0 < _webp_pixels(data) <= HARMLESS_PIXELS)
    if fmt == "TIFF":
        return Screened(tiff.essential(data), False)
    if fmt == "AVIF":
        # Its decoder refuses a picture for damage in its EXIF; of another type, that item is of no interest to it.
        return Screened(_EXIF_ITEM.sub(rb"\1free", data), False)
    return Screened(data, False)


def _jpeg(data: bytes) -> Screened:
    head = jpeg.header(data)
    if not head.scan:
        if cut_short(data, "JPEG"):
            raise Undecodable("truncated", "the end of the file is missing")
        raise Undecodable("corrupt", "damaged JPEG (there is no picture in it)")
    scans = jpeg.scans(data, head.scan)
    if scans > jpeg.MOST_SCANS:
        raise Undecodable(
            "corrupt", f"a JPEG with more than {jpeg.MOST_SCANS} scans, which only serve to keep a decoder busy"
        )
    pixels = head.width * head.height
    harmless = head.frame in _USUAL_FRAMES and pixels <= HARMLESS_PIXELS and pixels * scans <= _HARMLESS_WORK
    return Screened(jpeg.essential(data, head), harmless, orientation(*jpeg.metadata(data, head)), False)


def _webp_pixels(data: bytes) -> int:
    """The pixels of the whole canvas, as the first chunk says; 0 where it does not."""
    name, body = data[12:16], data[20:30]
    try:
        if name == b"VP8X":
            width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        elif name == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"VP8 ":
            width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", body, 6))
        else:
            return 0
    except struct.error:
        return 0
    return width * height
