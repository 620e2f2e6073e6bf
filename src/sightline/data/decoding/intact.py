"""Is a JPEG whole? Damage in its middle makes a decoder paint nonsense from there on, and it says so to nobody.

libjpeg only warns, and Pillow drops its warnings; simplejpeg, which is the same library behind another door, passes
them on. Cameras and programs provoke some of them as well, so each is then held against the compressed data itself.
"""

from __future__ import annotations

import re

import simplejpeg

from sightline.data.decoding import entropy, jpeg
from sightline.data.decoding.regular import Undecodable

_MISSING = 1  # units; without its last one a photo is what people call whole
_REST = 4  # bytes
_DAMAGE = re.compile("premature end of data segment|bad Huffman code|instead of RST|extraneous bytes before marker")
_HARMLESS = re.compile("extraneous bytes before marker 0xd9")  # some cameras fill up the end of the file


def require_intact(data: bytes) -> None:
    """Refuse a JPEG that is damaged in its middle.

    Args:
        data: the whole file, of which a decoder had nothing to complain.

    Raises:
        Undecodable: it is; says how much of the picture is lost, where that can be told.
    """
    warning = _warning(data)
    if not _DAMAGE.search(warning):
        return
    found = entropy.walk(data)
    if found is None:
        if _HARMLESS.search(warning):
            return
        lost = "how much of it is lost cannot be told"
    elif found.nonsense:
        lost = f"at least {max(found.lost, 0.01):.0%} of the picture is lost"
    elif found.missing > _MISSING or found.rest > _REST:
        lost = "how much of it is lost cannot be told"
    else:
        return
    raise Undecodable("corrupt", f"a JPEG that is damaged in its middle; {lost}")


def _warning(data: bytes) -> str:
    inks = jpeg.header(data).components == 4
    try:
        # All compressed data is read; of the pixels an eighth is made along each axis, which is quickest.
        simplejpeg.decode_jpeg(
            data, "CMYK" if inks else "GRAY", fastdct=True, fastupsample=True, min_height=1, min_width=1
        )
    except ValueError as error:
        return str(error)
    return ""
