"""One picture, from a file, bytes, Pillow or NumPy, to RGB: everything that can be wrong with it has a name.

Nothing but regular files is opened, nothing but the formats in `signatures.READ` is decoded, and the size is known
from the header before a pixel is unpacked. The same code serves training and prediction, so both see the same pixels.
"""

from __future__ import annotations

import io
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from sightline.data.decoding.convert import scaled, to_rgb
from sightline.data.decoding.orientation import UPRIGHT, orientation
from sightline.data.decoding.quiet import quiet
from sightline.data.decoding.regular import Undecodable, read
from sightline.data.decoding.screen import Screened, screened
from sightline.data.decoding.signatures import HEADER_BYTES, cut_short, kind

__all__ = ["Decoded", "Undecodable", "decode", "dimensions"]

VERSION = 2
"""Raised when the same file comes to give other pixels, so that older caches are not used."""

NO_MEMORY = "it does not fit in memory"
"""The detail of a picture for which there is no memory; it may be a good one."""

MAX_PIXELS = 178_000_000
MAX_ASPECT = 100
"""A picture more than this many times as long as wide shows nothing."""

PROBLEMS = (
    *("empty", "not-an-image", "unsupported", "unreadable", "truncated", "corrupt", "too-large", "too-narrow"),
    *("timeout", "crash"),  # only where pictures are decoded in processes of their own
)


_PLUGINS = {
    "JPEG": ("PIL.JpegImagePlugin", "jpeg_factory"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),
    "PPM": ("PIL.PpmImagePlugin", "PpmImageFile"),
}
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
_ORIENTATION, _SUBFILE_TYPE, _BITS, _SUB_IFDS, _DNG_VERSION = 0x0112, 254, 258, 330, 50706


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
            depends on the file and `target` alone, so training and prediction must give the same one.

    Raises:
        Undecodable: the picture cannot be had.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        with quiet, _opening, _named(b"", source.format or ""):
            return _finish(source, source.format or "", max_pixels, None, None)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, name = bytes(source), ""
    else:
        data, name = read(source), os.fspath(source)
    fmt = file_format(data[:HEADER_BYTES], name)
    with quiet, _named(data, fmt):
        picture = screened(data, fmt)
        return _finish(_open(io.BytesIO(picture.data), fmt), fmt, max_pixels, target, picture)


def dimensions(path: Path | str) -> tuple[int, int]:
    """Width and height in pixels as the header says, after turning; no pixel is unpacked.

    Raises:
        Undecodable: the file has no header that can be read.
    """
    data = read(path)
    fmt = file_format(data[:HEADER_BYTES], os.fspath(path))
    with quiet, _named(b"", fmt):
        picture = screened(data, fmt)
        image = _open(io.BytesIO(picture.data), fmt)
        width, height = image.size
        swap = fmt in ("JPEG", "PNG", "WEBP", "AVIF") and _orientation(image, picture) >= 5
    return (height, width) if swap else (width, height)


def file_format(header: bytes, path: str = "") -> str:
    """The format of a file, one of `signatures.READ`.

    Args:
        header: its first `signatures.HEADER_BYTES` bytes.
        path: its name, by which a camera's raw file is told from another TIFF.

    Raises:
        Undecodable: it is empty, or of a format that is not read.
    """
    if not header:
        raise Undecodable("empty", "the file has no bytes")
    fmt, detail = kind(header)
    if fmt in ("unsupported", "not-an-image"):
        raise Undecodable(fmt, detail)
    raw = (".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".pef", ".srw", ".3fr", ".iiq", ".erf", ".kdc", ".dcr")
    if fmt == "TIFF" and path.lower().endswith(raw):
        raise Undecodable("unsupported", "a camera's raw file: export it as JPEG or PNG")
    return fmt


def _open(file: Any, fmt: str) -> ImageFile.ImageFile:
    # Straight to the one plugin: `Image.open` would try others, hide the reason, and warn by its own pixel limit.
    module, name = _PLUGINS[fmt]
    image: ImageFile.ImageFile = getattr(import_module(module), name)(file, "")
    if fmt == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        reduced = tags.get(_SUBFILE_TYPE) == 1 and _SUB_IFDS in tags
        if reduced or _DNG_VERSION in tags:  # what can be opened is only the small preview
            raise Undecodable("unsupported", "a camera's raw file: export it as JPEG or PNG")
    return image


@contextmanager
def _named(data: bytes, fmt: str) -> Iterator[None]:
    """Turn whatever a decoder raises into `Undecodable`.

    Pillow's plugins raise some ten kinds of exception on damaged files, and which one is not part of its interface.
    """
    try:
        yield
    except Undecodable:
        raise
    except MemoryError as error:
        raise Undecodable("too-large", NO_MEMORY) from error
    except Exception as error:
        text = "".join(sign if sign.isprintable() else " " for sign in str(error))[:200].strip()
        if "unknown pixel mode" in text or "not supported" in text.lower() or "unsupported" in text.lower():
            raise Undecodable("unsupported", f"{fmt} of an unusual kind ({text}): export it as JPEG or PNG") from error
        if "too large" in text.lower() or "too big" in text.lower() or isinstance(error, Image.DecompressionBombError):
            raise Undecodable("too-large", text) from error
        ended = isinstance(error, (EOFError, struct.error, IndexError)) or any(
            word in text.lower() for word in ("truncated", "unexpected end", "end of file", "eof", "not enough")
        )
        if cut_short(data, fmt) if data and fmt != "PPM" else ended:
            raise Undecodable("truncated", "the end of the file is missing") from error
        raise Undecodable("corrupt", f"damaged {fmt}".rstrip() + (f" ({text})" if text else "")) from error


def _finish(image: Image.Image, fmt: str, max_pixels: int, target: int | None, picture: Screened | None) -> Decoded:
    mode = image.mode
    _require_size(*image.size, max_pixels)
    width, height = image.size
    notes = _frames(image, picture)
    turned = fmt == "TIFF" and 2 <= _tag(image, _ORIENTATION) <= 8  # TIFFs turn themselves while they load
    drafted = False
    if target and isinstance(image, ImageFile.ImageFile) and fmt == "JPEG":
        drafted = image.draft(None, (2 * target, 2 * target)) is not None
    image.load()
    bits = _tag(image, _BITS) if fmt == "TIFF" else 0
    turn = _orientation(image, picture)
    # Converting after turning would give the same pixels; this way round the notes are in reading order.
    rgb, converted = to_rgb(image, bits if 8 < bits < 16 else None)
    if turn in _TURNS:
        rgb = rgb.transpose(_TURNS[turn])
        turned = True
    if not drafted:
        width, height = rgb.size
    elif turn >= 5:
        width, height = height, width
    _require_size(width, height, max_pixels)  # an animation or a HEIC may turn out larger than its header said
    notes = (*(("exif-rotated",) if turned else ()), *notes, *converted)
    if rgb is image or rgb.info:
        rgb = rgb.copy()
        rgb.info = {}
    return Decoded(rgb, width, height, mode, fmt, notes)


def _require_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise Undecodable("too-large", f"{width:,} x {height:,} pixels; the limit is {max_pixels:,}")
    if min(width, height) < 1:
        raise Undecodable("corrupt", f"{width} x {height} pixels")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise Undecodable("too-narrow", f"{width:,} x {height:,} pixels: a strip on which nothing can be seen")


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


def _from_array(array: np.ndarray, max_pixels: int) -> Decoded:
    array = np.asarray(array)  # not a masked array or a matrix, which behave otherwise
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)):
        raise Undecodable("unsupported", f"an array of shape {shape}: give height x width x 3 (RGB)")
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_) or np.iscomplexobj(array):
        raise Undecodable("unsupported", f"an array of {array.dtype}: give uint8, 0-255")
    _require_size(shape[1], shape[0], max_pixels)
    values = scaled(array)
    image = Image.fromarray(np.ascontiguousarray(values[:, :, 0] if values.shape[2:] == (1,) else values))
    rgb, notes = to_rgb(image)
    if array.dtype != np.uint8:
        notes = (str(array.dtype), *notes)
    return Decoded(rgb, shape[1], shape[0], image.mode, "array", notes)
