"""One picture, from a file, bytes, Pillow or NumPy, to RGB: everything that can be wrong with it has a name.

Nothing but regular files is opened, nothing but the formats in `signatures.READ` is decoded, and the size is known
from the header before a pixel is unpacked. The same code serves training and prediction, so both see the same pixels.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from sightline.data.decoding import deep
from sightline.data.decoding.convert import DARK, deep_to_rgb, scaled, to_rgb
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.opening import MAX_PIXELS, file_format, named, opened, require_size
from sightline.data.decoding.orientation import UPRIGHT, orientation
from sightline.data.decoding.quiet import quiet
from sightline.data.decoding.regular import Undecodable, read
from sightline.data.decoding.screen import Screened, screened
from sightline.data.decoding.signatures import HEADER_BYTES

__all__ = ["Decoded", "Undecodable", "decode", "dimensions"]

VERSION = 2
"""Raised when the same file comes to give other pixels, so that older caches are not used."""

PROBLEMS = (
    *("empty", "not-an-image", "unsupported", "unreadable", "truncated", "corrupt", "too-large", "too-narrow"),
    *("timeout", "crash"),  # only where pictures are decoded in processes of their own
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_opening = threading.Lock()  # one image may be asked about in several threads, and unpacks itself when first touched
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Decoded:
    """A picture as RGB, and what it was.

    `width` and `height` are in pixels, of the full picture, after it was turned as its EXIF says. `image` may be
    smaller: see `target` in `decode`. `mode` and `format` are Pillow's names for what the file held; `notes` are
    what was done: "exif-rotated", "animated: first frame", "gray", "cmyk", "16-bit", "palette", "alpha" …
    """

    image: Image.Image
    width: int
    height: int
    mode: str
    format: str
    notes: tuple[str, ...]


def decode(
    source: Path | str | bytes | bytearray | memoryview | Image.Image | np.ndarray,
    *,
    max_pixels: int = MAX_PIXELS,
    target: int | None = None,
    white: int | None = FULL,
) -> Decoded:
    """Decode one picture to RGB.

    Turned as EXIF says; transparent parts show white; 16-bit and float samples are scaled, not clipped; the first
    frame of an animation, the first page of a TIFF, the main picture of a HEIC.

    Args:
        source: a file, the bytes of one, a Pillow image, or an array: height x width, or x 1, 3 or 4 channels in the
            order R, G, B, alpha; uint8 0-255, uint16 0-65535, bool, or float 0-1 or 0-255.
        max_pixels: the most pixels that are decoded.
        target: the size that `square` will be asked for. A JPEG is then unpacked at 1/2, 1/4 or 1/8 of its size where
            that leaves at least twice `target`, which is several times faster for photos from phones. The result
            depends on the file, `target` and `white` alone, so training and prediction must give the same ones.
        white: of unsigned 16-bit samples whose file does not say it (see `deep`): a fact of the dataset. None: what
            this picture alone would need, for a look at it.

    Raises:
        Undecodable: the picture cannot be had.
    """
    if isinstance(source, Image.Image) and white != FULL and deep.is_colour(source):
        source = _content(source)
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels, white)
    if isinstance(source, Image.Image):
        with quiet, _opening, named(b"", source.format or ""):
            return _finish(source, source.format or "", max_pixels, None, None, white, source.copy)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, name = bytes(source), ""
    else:
        data, name = read(source), os.fspath(source)
    fmt = file_format(data[:HEADER_BYTES], name)
    with quiet, named(data, fmt):
        picture = screened(data, fmt)
        again = partial(opened, picture.data, fmt)
        return _finish(again(), fmt, max_pixels, target, picture, white, again)


def dimensions(path: Path | str) -> tuple[int, int]:
    """Width and height in pixels as the header says, after turning; no pixel is unpacked.

    Raises:
        Undecodable: the file has no header that can be read.
    """
    data = read(path)
    fmt = file_format(data[:HEADER_BYTES], os.fspath(path))
    with quiet, named(b"", fmt):
        picture = screened(data, fmt)
        image = opened(picture.data, fmt)
        width, height = image.size
        swap = fmt in ("JPEG", "PNG", "WEBP", "AVIF") and _orientation(image, picture) >= 5
    return (height, width) if swap else (width, height)


def _finish(
    image: Image.Image,
    fmt: str,
    max_pixels: int,
    target: int | None,
    picture: Screened | None,
    white: int | None,
    again: Callable[[], Image.Image],
) -> Decoded:
    mode = image.mode
    require_size(*image.size, max_pixels)
    width, height = image.size
    notes = _frames(image, picture)
    turned = fmt == "TIFF" and 2 <= _tag(image, _ORIENTATION) <= 8  # TIFFs turn themselves while they load
    drafted = False
    if target and isinstance(image, ImageFile.ImageFile) and fmt == "JPEG":
        drafted = image.draft(None, (2 * target, 2 * target)) is not None
    bits, colour = deep.says_white(image), deep.is_colour(image)
    image.load()
    turn = _orientation(image, picture)
    # Converting after turning would give the same pixels; this way round the notes are in reading order.
    rgb, converted = _converted(image, bits, colour, white, again)
    if turn in _TURNS:
        rgb = rgb.transpose(_TURNS[turn])
        turned = True
    if not drafted:
        width, height = rgb.size
    elif turn >= 5:
        width, height = height, width
    require_size(width, height, max_pixels)  # an animation or a HEIC may turn out larger than its header said
    notes = (*(("exif-rotated",) if turned else ()), *notes, *converted)
    if rgb is image or rgb.info:
        rgb = rgb.copy()
        rgb.info = {}
    return Decoded(rgb, width, height, mode, fmt, notes)


def _converted(
    image: Image.Image, bits: int | None, colour: bool, white: int | None, again: Callable[[], Image.Image]
) -> tuple[Image.Image, tuple[str, ...]]:
    """As `to_rgb`; 16-bit colour with all of its bits, where the upper 8 are not enough."""
    if colour and white == FULL:
        rgb, notes = to_rgb(image)
        if max(high for _, high in image.getextrema()[:3]) <= DARK:  # type: ignore[misc]  # of several channels
            values = deep.samples(image, colour, again)
            assert values is not None
            scaled(deep.opaque(values))  # says so where something is there but cannot be seen
        return rgb, ("16-bit", *notes)
    values = deep.samples(image, colour, again)
    if values is None:
        return to_rgb(image)
    level = deep.white_for(int(deep.opaque(values).max())) if white is None else white
    if colour:
        return deep_to_rgb(values, image.info.get("transparency"), level)
    if image.mode == "I":  # a PGM
        image = Image.fromarray(values)
    return to_rgb(image, bits, level)


def _content(image: Image.Image) -> bytes | Image.Image:
    """The file of a picture that was opened and not loaded yet; the picture where that cannot be had."""
    file: Any = getattr(image, "fp", None)
    try:
        place = file.tell()
        file.seek(0)
        content: bytes = file.read()
        file.seek(place)
    except (AttributeError, OSError, ValueError):
        return image
    return content


def _frames(image: Image.Image, picture: Screened | None) -> tuple[str, ...]:
    try:
        known = picture.animated if picture else None
        several = bool(getattr(image, "is_animated", False)) if known is None else known
    except Exception:  # the second frame is damaged; the first one may be whole
        several = True
    if not several or image.format == "MPO":  # an MPO's other pictures are previews and depth maps
        return ()
    note = {"TIFF": "pages: first one", "HEIF": "several pictures: main one"}
    return (note.get(image.format or "", "animated: first frame"),)


def _tag(image: Image.Image, tag: int) -> int:
    """A whole number out of a TIFF's tags; the first one where there are several; 0 where there is none."""
    try:
        value = image.tag_v2.get(tag, 0)  # type: ignore[attr-defined]
        if isinstance(value, tuple):
            value = value[0] if value else 0
        return value if isinstance(value, int) else 0
    except Exception:
        return 0


def _orientation(image: Image.Image, picture: Screened | None) -> int:
    """EXIF's orientation, 1-8; 1 where there is none, or nonsense. Damaged EXIF never costs the picture."""
    if picture is not None:
        if picture.orientation is not None or image.format == "TIFF":  # which has turned itself
            return picture.orientation or UPRIGHT
        exif, xmp = (image.info.get(name) or b"" for name in ("exif", "xmp"))
        return orientation(exif, xmp) if isinstance(exif, bytes) and isinstance(xmp, bytes) else UPRIGHT
    try:
        value = image.getexif().get(_ORIENTATION, UPRIGHT)
    except Exception:
        return UPRIGHT
    return value if isinstance(value, int) and value in _TURNS else UPRIGHT


def _from_array(array: np.ndarray, max_pixels: int, white: int | None) -> Decoded:
    array = np.asarray(array)  # not a masked array or a matrix, which behave otherwise
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)):
        raise Undecodable("unsupported", f"an array of shape {shape}: give height x width x 3 (RGB)")
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_) or np.iscomplexobj(array):
        raise Undecodable("unsupported", f"an array of {array.dtype}: give uint8, 0-255")
    require_size(shape[1], shape[0], max_pixels)
    if array.dtype == np.uint16 and array.size and white != FULL:
        level = deep.white_for(int(deep.opaque(array).max())) if white is None else white
        colours = scaled(deep.opaque(array), white=level)
        values = np.dstack([colours, array[..., -1] >> 8]).astype(np.uint8) if colours.shape != shape else colours
    else:
        values = scaled(array)
    image = Image.fromarray(np.ascontiguousarray(values[:, :, 0] if values.shape[2:] == (1,) else values))
    rgb, notes = to_rgb(image)
    if array.dtype != np.uint8:
        notes = (str(array.dtype), *notes)
    return Decoded(rgb, shape[1], shape[0], image.mode, "array", notes)
