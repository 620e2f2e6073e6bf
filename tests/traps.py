"""Small files that keep a decoder busy or fill the memory, for the tests of what is done about them."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from pictures import encoded, quarters


def scan_bomb(scans: int, size: int = 64, *, between: bytes = b"", **options) -> bytes:
    """A JPEG whose last scan is there `scans` times more."""
    data = encoded(Image.new("RGB", (size, size)), "JPEG", quality=10, **{"progressive": True, **options})
    start = data.rfind(b"\xff\xda")
    return data[:-2] + (between + data[start:-2]) * scans + b"\xff\xd9"


def one_colour_at_a_time(scans: int, size: int = 64) -> bytes:
    """A baseline JPEG, so not a progressive one, that sends its grey picture over and over."""
    data = encoded(Image.new("L", (size, size)), "JPEG")
    start = data.rfind(b"\xff\xda")
    return data[:-2] + data[start:-2] * scans + b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with more in front of its picture."""
    return data[:2] + b"".join(segments) + data[2:]


def chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    """A PNG chunk."""
    value = zlib.crc32(name + body) if crc is None else crc
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", value)


def with_chunks(data: bytes, *chunks: bytes, after: bytes = b"IHDR") -> bytes:
    """A PNG with more chunks behind the one of that name."""
    place = data.index(after) - 4
    place += 12 + int.from_bytes(data[place : place + 4], "big")
    return data[:place] + b"".join(chunks) + data[place:]


def crowded_exif(tags: int, size: int) -> bytes:
    """EXIF whose tags all point at the same bytes; the orientation, 6, comes last."""
    entries = b"".join(struct.pack("<HHII", 1000 + tag, 7, size, 8) for tag in range(tags - 1))
    entries += struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    block = b"\0" * size
    return b"II*\0" + struct.pack("<I", 8 + size) + block + struct.pack("<H", tags) + entries + b"\0\0\0\0"


def crowded_tiff(tags: int, size: int) -> bytes:
    """A TIFF that is a picture of 8 x 8, with further tags that all claim the same `size` bytes."""
    out = io.BytesIO()
    quarters(8, 8).save(out, "TIFF")
    data = bytearray(out.getvalue())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    own = bytes(data[start + 2 : start + 2 + 12 * count])
    directory = len(data)
    more = b"".join(struct.pack("<HHII", 51_000 + tag % 14_000, 7, size, 8) for tag in range(tags))
    struct.pack_into("<I", data, 4, directory)
    data += struct.pack("<H", count + tags) + own + more + b"\0\0\0\0"
    return bytes(data) + b"\0" * max(0, size - len(data))


def slow_bmp(side: int = 13_000) -> bytes:
    """A BMP of empty lines, run-length coded: a few kilobytes that Pillow decodes byte by byte, for some 20 seconds."""
    body = b"\1\0\0\0" * side + b"\0\1"
    palette = b"\0\0\0\0\xff\xff\xff\0"
    offset = 14 + 40 + len(palette)
    header = b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 0, 0, 2, 0)
    return header + info + palette + body
