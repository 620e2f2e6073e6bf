"""PNG, TIFF and PPM files of 16 bits, of kinds that Pillow cannot write."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # a PNG's, by the number of channels


_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(values: np.ndarray, extra: list[tuple[bytes, bytes]] = (), interlaced: bool = False) -> bytes:
    """A PNG written by hand: 8 or 16 bits; gray or RGB, with or without alpha."""
    height, width = values.shape[:2]
    depth = values.dtype.itemsize * 8
    passes = [values[y::down, x::right] for x, y, right, down in _ADAM7] if interlaced else [values]
    big = values.dtype.newbyteorder(">")
    rows = b"".join(b"\0" + row.astype(big).tobytes() for part in passes if part.size for row in part)
    colour = _COLOUR_TYPES[values.shape[2] if values.ndim == 3 else 1]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def tiff(
    values: np.ndarray,
    order: str = "<",
    bits: int | None = None,
    body: bytes | None = None,
    packed: bool = False,
) -> bytes:
    """A TIFF written by hand: gray, RGB or RGBA of any depth, either byte order, plain or deflated."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    depth = bits or values.dtype.itemsize * 8
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes() if body is None else body
    if packed:
        pixels = zlib.compress(pixels)
    start = 8 + 8  # the depths lie before the pixels
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, 8 if channels >= 3 else depth),
        (259, 3, 1, 8 if packed else 1),
        (262, 3, 1, 2 if channels >= 3 else 1),
        (273, 4, 1, start),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(pixels)),
    ] + ([(338, 3, 1, 2)] if channels == 4 else [])
    directory = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        small = kind == 3 and count == 1
        field = struct.pack(order + ("H" if small else "I"), value)
        directory += struct.pack(order + "HHI", tag, kind, count) + field.ljust(4, b"\0")
    directory += b"\0\0\0\0"
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start + len(pixels))
    return magic + struct.pack(order + "HHHH", depth, depth, depth, depth) + pixels + directory


def ppm(values: np.ndarray, most: int = 65535) -> bytes:
    """A PGM or a PPM of 16 bits whose header says that `most` is white."""
    height, width = values.shape[:2]
    magic = "P6" if values.ndim == 3 else "P5"
    return f"{magic} {width} {height} {most}\n".encode() + values.astype(">u2").tobytes()
