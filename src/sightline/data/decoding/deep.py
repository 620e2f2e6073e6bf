"""16-bit samples whose file does not say what white is: scientific cameras put 10, 12 or 14 bits into 16.

White is then one fact of a dataset, the smallest of a few usual values that none of its photos exceeds. A guess for
each file alone would make dark photos bright, and give one scene two answers. Pillow cuts 16-bit colour to its upper 8
bits, of which a 12-bit camera leaves four: here the lower ones are had as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from PIL import Image, ImageFile

White = Literal[255, 1023, 4095, 16383, 65535]
"""What 8, 10, 12, 14 and 16 bits hold at most."""
WHITES: tuple[White, ...] = get_args(White)
FULL: White = 65535

_BITS = 258  # a TIFF's tag
_COLOURS = ("RGB;16", "RGBA;16", "RGBX;16", "LA;16")  # Pillow's names for what the files hold, but for the byte order
_OTHER = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


def white_for(peak: int) -> White:
    """The smallest white that a value does not exceed."""
    return next(white for white in WHITES if peak <= white)


def bits(white: int) -> int:
    """How many bits reach up to this white."""
    return int(white).bit_length()


def may_be(header: bytes, fmt: str) -> bool:
    """Whether a file may hold 16-bit samples; its pixels will tell.

    Args:
        header: its first 32 bytes.
        fmt: its format, as `signatures.kind` says.
    """
    return (fmt == "PNG" and header[24:25] == b"\x10") or fmt in ("TIFF", "PPM")


def is_colour(image: Image.Image) -> bool:
    """Whether a picture that was opened, but not loaded, has several channels of 16 bits, which loading cuts to 8."""
    return _kind(image) != ""


def says_white(image: Image.Image) -> int | None:
    """How many bits its file says that a 16-bit sample of one channel uses, before it is loaded; None: it does not."""
    if image.format == "PPM" and image.mode == "I":  # Pillow has brought it to 16 bits, unless it had them
        return None if image.tile[0].codec_name == "raw" else 16  # type: ignore[attr-defined]
    if image.format != "TIFF":
        return None
    try:
        value = image.tag_v2.get(_BITS, 0)  # type: ignore[attr-defined]
        value = value[0] if isinstance(value, tuple) else value
    except Exception:  # damaged tags; whether the picture can be had shows when it is loaded
        return None
    return value if isinstance(value, int) and 8 < value < 16 else None


def samples(image: Image.Image, colour: bool, again: Callable[[], Image.Image]) -> np.ndarray | None:
    """The 16-bit samples of a picture that is loaded: (height, width) or (height, width, 2, 3 or 4) uint16.

    Args:
        image: any picture.
        colour: what `is_colour` said before it was loaded.
        again: opens it once more.

    Returns:
        None where it has none.
    """
    if colour:
        return _colours(image, again)
    if image.mode.startswith("I;16") or (image.format == "PPM" and image.mode == "I"):
        return np.asarray(image).astype(np.uint16, copy=False)
    return None


def _colours(image: Image.Image, again: Callable[[], Image.Image]) -> np.ndarray:
    kind = _kind(again())
    if kind == "LA;16":  # as if of four channels of 8 bits: the upper and the lower byte of both
        pairs = _taken_as("RGBA", again()).reshape(image.height, image.width, 2, 2)
        return _joined(pairs[..., 0], pairs[..., 1])
    if image.format == "PPM":
        return _joined(_taken_as("RGB;16B", again()), _taken_as("RGB;16L", again()))
    # Read in the other order of bytes, the lower byte takes the place of the upper one.
    return _joined(np.asarray(image), _taken_as("", again()))


def _joined(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    values = upper.astype(np.uint16)
    values <<= 8
    values |= lower
    return values


def _taken_as(name: str, image: Any) -> np.ndarray:
    """What a picture holds if its bytes are taken as `name`, one of Pillow's; "" for the other order of bytes."""
    tiles = []
    for tile in image.tile:
        first, *rest = [tile.args] if isinstance(tile.args, str) else tile.args
        other = name or first[:-1] + _OTHER[first[-1]]
        if image.format == "PPM":  # its own decoder would scale to 8 bits
            tiles.append(tile._replace(codec_name="raw", args=other))
        else:
            tiles.append(tile._replace(args=(other, *rest) if rest else other))
    image.tile = tiles
    return np.asarray(image)


def opaque(values: np.ndarray) -> np.ndarray:
    """The channels that are colours: those that white is about. That of transparency always has the whole range."""
    return values[..., :-1] if values.ndim == 3 and values.shape[2] in (2, 4) else values


def _kind(image: Image.Image) -> str:
    if not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return ""
    args: Any = image.tile[0].args
    if image.format == "PPM":
        return "RGB;16" if args == ("RGB", FULL) else ""
    name = args if isinstance(args, str) else args[0] if args else ""
    return name[:-1] if isinstance(name, str) and name[:-1] in _COLOURS else ""
