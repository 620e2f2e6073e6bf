"""Which way up a picture is, from its EXIF or XMP.

Read by hand, because a general reader loads every tag: a block of a few megabytes whose 65,000 tags all point at the
same bytes then takes all memory. Damage here never costs the picture.
"""

from __future__ import annotations

import re
import struct

UPRIGHT = 1
_TAG = 0x0112
_INTEGERS = {1: "B", 3: "H", 4: "I"}
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """The orientation that a picture's metadata asks for.

    Args:
        exif: an EXIF block, with or without its "Exif" header; may be empty or damaged.
        xmp: an XMP packet, which counts where EXIF says nothing.

    Returns:
        EXIF's number, 1-8; 1 where there is none, or nonsense.
    """
    value = _from_exif(exif)
    if value is None:
        found = _XMP.search(xmp)
        value = int(found[1]) if found else UPRIGHT
    return value if 1 <= value <= 8 else UPRIGHT


def _from_exif(exif: bytes) -> int | None:
    """The tag's value; None where there is no such tag."""
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, values = struct.unpack_from(order + "HHI", exif, place)
            if tag == _TAG:
                if kind not in _INTEGERS or values != 1:
                    return UPRIGHT
                return int(struct.unpack_from(order + _INTEGERS[kind], exif, place + 8)[0])
    except struct.error:
        return None
    return None
