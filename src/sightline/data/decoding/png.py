"""A PNG's chunks, read without decoding: what in it is the picture, and what it says beside.

Source: W3C, Portable Network Graphics (Third Edition).
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from sightline.data.decoding.orientation import UPRIGHT, orientation
from sightline.data.decoding.regular import Undecodable

MOST_CHUNKS = 100_000
"""Of a picture of 800 MB in the usual pieces of 8 kB."""

_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_KEY = {0: (2, 2), 2: (6, 6), 3: (1, 256)}  # kind of colour -> bytes of tRNS, which others have not
_MOST_TEXT = 1 << 20


class Essential(NamedTuple):
    """A PNG's picture alone, and what the rest of the file says that matters for it."""

    data: bytes
    width: int
    height: int
    orientation: int
    animated: bool


def essential(data: bytes) -> Essential:
    """The file without what its pixels do not need: text, profiles, times, the further frames of an animation.

    A key of transparency that does not fit the colours is left out too, as libpng does. The CRC of what is left out is
    not checked. From the first chunk on that makes no sense all is left as it is, for the decoder to judge.

    Raises:
        Undecodable: there are more than `MOST_CHUNKS`.
    """
    pieces, kept_from, place, count = [], 0, 8, 0
    exif, xmp, animated, width, height, colour = b"", b"", False, 0, 0, -1
    while place + 8 <= len(data):
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        body, end = place + 8, place + 12 + length
        if end > len(data):
            break
        count += 1
        if count > MOST_CHUNKS:
            raise Undecodable("corrupt", f"a PNG in more than {MOST_CHUNKS:,} pieces")
        if name == b"IHDR" and not width:
            header = data[body : body + length]
            width, height = (int.from_bytes(header[at : at + 4], "big") for at in (0, 4))
            colour = header[9] if length > 9 else -1
        elif name == b"eXIf":
            exif = data[body : body + length]
        elif name == b"acTL":
            animated = length >= 8 and int.from_bytes(data[body : body + 4], "big") > 1
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, rest = data[body : body + min(length, _MOST_TEXT)].partition(b"\0")
            if key == b"Raw profile type exif" and not exif:
                exif = _unwrapped(_text(name, rest))
            elif key == b"XML:com.adobe.xmp":
                xmp = _text(name, rest)
        fewest, most = _KEY.get(colour, (1, 0))
        if name not in _PICTURE or (name == b"tRNS" and not fewest <= length <= most):
            pieces.append(data[kept_from:place])
            kept_from = end
        place = end
        if name == b"IEND":
            break
    picture = b"".join([*pieces, data[kept_from:]]) if pieces else data
    turn = orientation(exif, xmp) if exif or xmp else UPRIGHT
    return Essential(picture, width, height, turn, animated)


def _text(name: bytes, rest: bytes) -> bytes:
    """What stands in a text chunk behind its keyword; at most 1 MB, empty where it cannot be read."""
    packed = name == b"zTXt"
    if packed:
        rest = rest[1:]
    elif name == b"iTXt":
        packed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]
    if not packed:
        return rest
    try:
        return zlib.decompressobj().decompress(rest, _MOST_TEXT)
    except zlib.error:
        return b""


def _unwrapped(text: bytes) -> bytes:
    """EXIF as ImageMagick writes it: three lines, then hexadecimal digits."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""
