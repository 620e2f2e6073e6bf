"""A TIFF's first directory, read without a decoder: which tags it has, and whether they can be true."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sightline.data.decoding.regular import Undecodable

STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES = 273, 279, 324, 325
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {3: "H", 4: "I", 16: "Q"}


class Entry(NamedTuple):
    """A tag: `values` numbers of type `kind`, which lie at `place` in the file."""

    tag: int
    kind: int
    values: int
    place: int


def entries(data: bytes) -> Iterator[Entry]:
    """The tags of the first directory, in TIFF and BigTIFF.

    Raises:
        struct.error: the directory lies behind the end of the file, wholly or in part.
    """
    order = _order(data)
    big = b"\x2b" in data[2:4]
    number, entry, inline, start = ("Q", "HHQ", 8, 8) if big else ("I", "HHI", 4, 4)
    (directory,) = struct.unpack_from(order + number, data, start)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, directory)
    place = directory + (8 if big else 2)
    for _ in range(min(count, 65_535)):
        tag, kind, values = struct.unpack_from(order + entry, data, place)
        place += struct.calcsize(order + entry)
        fits = _SIZES.get(kind, 1) * values <= inline
        yield Entry(tag, kind, values, place if fits else struct.unpack_from(order + number, data, place)[0])
        place += inline


def require_sane(data: bytes) -> None:
    """Refuse a directory whose tags together claim more bytes than the file has.

    Tags may point at the same bytes: a small file can have 65,000 tags of its own size each, and a reader that loads
    them all needs a hundred gigabytes.

    Raises:
        Undecodable: they do.
    """
    claimed = 0
    try:
        for entry in entries(data):
            claimed += _SIZES.get(entry.kind, 1) * entry.values
            if claimed > len(data) + 65_536:
                raise Undecodable("corrupt", "a TIFF whose tags claim more bytes than it has")
    except struct.error:
        return  # cut short; the decoder says so


def cut_short(data: bytes) -> bool:
    """Whether the first directory, or pixels that it points at, lie behind the end."""
    order = _order(data)
    last: dict[int, int] = {}
    try:
        for entry in entries(data):
            if entry.tag in (STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES):
                if entry.kind not in _CODES or not entry.values:
                    continue
                code = order + _CODES[entry.kind]
                at = entry.place + struct.calcsize(code) * (entry.values - 1)  # the last piece
                (last[entry.tag],) = struct.unpack_from(code, data, at)
    except struct.error:
        return True
    pieces = ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES))
    return any(last.get(offset, 0) + last.get(length, 0) > len(data) for offset, length in pieces)


def _order(data: bytes) -> str:
    return "<" if data[:1] == b"I" else ">"
