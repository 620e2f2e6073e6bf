"""The bytes of a picture file -> Pillow's picture, not unpacked yet; whatever is wrong with it has a name.

Only the one plugin for the format that the bytes say is asked, and what plugins raise becomes `Undecodable`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from PIL import Image, ImageFile

from sightline.data.decoding.regular import Undecodable
from sightline.data.decoding.signatures import cut_short, kind

NO_MEMORY = "it does not fit in memory"
"""The detail of a picture for which there is no memory; it may be a good one."""

MAX_PIXELS = 178_000_000
MAX_ASPECT = 100
"""A picture more than this many times as long as wide shows nothing."""

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
_SUBFILE_TYPE, _SUB_IFDS, _DNG_VERSION = 254, 330, 50706  # tags of a TIFF


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


def opened(data: bytes, fmt: str) -> ImageFile.ImageFile:
    """A picture file as Pillow's picture, of which no pixel is unpacked yet.

    Args:
        data: the whole file, as `screen` leaves it.
        fmt: its format, as `file_format` says.

    Raises:
        Undecodable: it is of a kind that is not read; besides, whatever Pillow raises: see `named`.
    """
    # Straight to the one plugin: `Image.open` would try others, hide the reason, and warn by its own pixel limit.
    module, name = _PLUGINS[fmt]
    if module == "pillow_heif" and find_spec(module) is None:  # an exported model may have to do without
        raise Undecodable("unsupported", "HEIC: it needs the package pillow-heif, or export it as JPEG or PNG")
    image: ImageFile.ImageFile = getattr(import_module(module), name)(io.BytesIO(data), "")
    if fmt == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        reduced = tags.get(_SUBFILE_TYPE) == 1 and _SUB_IFDS in tags
        if reduced or _DNG_VERSION in tags:  # what can be opened is only the small preview
            raise Undecodable("unsupported", "a camera's raw file: export it as JPEG or PNG")
    return image


@contextmanager
def named(data: bytes, fmt: str) -> Iterator[None]:
    """Turn whatever a decoder raises into `Undecodable`.

    Pillow's plugins raise some ten kinds of exception on damaged files, and which one is not part of its interface.

    Args:
        data: the whole file, to tell whether its end is missing; empty where that is not asked.
        fmt: its format.
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


def require_size(width: int, height: int, max_pixels: int) -> None:
    """See that a picture has a size at which it is decoded.

    Raises:
        Undecodable: it has more than `max_pixels`, none at all, or is a strip.
    """
    if width * height > max_pixels:
        raise Undecodable("too-large", f"{width:,} x {height:,} pixels; the limit is {max_pixels:,}")
    if min(width, height) < 1:
        raise Undecodable("corrupt", f"{width} x {height} pixels")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise Undecodable("too-narrow", f"{width:,} x {height:,} pixels: a strip on which nothing can be seen")
