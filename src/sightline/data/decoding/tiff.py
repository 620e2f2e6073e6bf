"""A TIFF's first directory, read without a decoder: which tags it has, which of them are the picture.

Source: Adobe, TIFF Revision 6.0 (1992); BigTIFF as libtiff reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sightline.data.decoding.regular import Undecodable

STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES = 273, 279, 324, 325
_PHOTOMETRIC, _PROFILE = 262, 34675
_NEEDED = {
    *(254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 284, 292, 293, 317, 320, 322, 323, 324),
    *(325, 330, 332, 333, 334, 338, 339, 340, 341, 347, *range(512, 522), 529, 530, 531, 532, 50706),
}
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

    Args:
        data: the whole file.

    Raises:
        struct.error: the directory lies behind the end of the file, wholly or in part.
    """
    form = _form(data)
    directory, count = _directory(data, form)
    place = directory + struct.calcsize(form.order + form.counter)
    for _ in range(min(count, 65_535)):
        tag, kind, values = struct.unpack_from(form.order + form.entry, data, place)
        place += struct.calcsize(form.order + form.entry)
        size = struct.calcsize(form.order + form.number)
        fits = _SIZES.get(kind, 1) * values <= size
        yield Entry(tag, kind, values, place if fits else struct.unpack_from(form.order + form.number, data, place)[0])
        place += size


def essential(data: bytes) -> bytes:
    """The file with a first directory of only those tags that the pixels need.

    Args:
        data: the whole file.

    Returns:
        The file with such a directory put behind its end; the file as it is where its directory is cut short.

    Raises:
        Undecodable: the needed tags claim more bytes than the file has. Tags may point at the same bytes, so that a
            small file can make a reader load gigabytes.
    """
    form = _form(data)
    head, tail = struct.calcsize(form.order + form.counter), struct.calcsize(form.order + form.number)
    length = struct.calcsize(form.order + form.entry) + tail
    kept, claimed, inks = [], 0, False
    try:
        directory, count = _directory(data, form)
        for number, entry in enumerate(entries(data)):
            if entry.tag == _PHOTOMETRIC:
                inks = data[entry.place : entry.place + 2] in (b"\5\0", b"\0\5")
            if entry.tag in _NEEDED or (entry.tag == _PROFILE and inks):
                claimed += _SIZES.get(entry.kind, 1) * entry.values
                place = directory + head + number * length
                kept.append(data[place : place + length])
        behind = directory + head + count * length
        following = data[behind : behind + tail].ljust(tail, b"\0")
    except struct.error:
        return data
    if claimed > len(data):
        raise Undecodable("corrupt", "a TIFF whose tags claim more bytes than it has")
    start = 8 if form.number == "Q" else 4
    place = len(data) + len(data) % 2
    return b"".join(
        [
            data[:start],
            struct.pack(form.order + form.number, place),
            data[start + tail :].ljust(place - start - tail, b"\0"),
            struct.pack(form.order + form.counter, len(kept)),
            *kept,
            following,
        ]
    )


def cut_short(data: bytes) -> bool:
    """Whether the first directory, or pixels that it points at, lie behind the end."""
    order = _form(data).order
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


class _Form(NamedTuple):
    """How numbers are written: TIFF's 4 bytes or BigTIFF's 8, as codes of `struct`."""

    order: str
    number: str
    entry: str
    counter: str


def _form(data: bytes) -> _Form:
    order = "<" if data[:1] == b"I" else ">"
    return _Form(order, "Q", "HHQ", "Q") if b"\x2b" in data[2:4] else _Form(order, "I", "HHI", "H")


def _directory(data: bytes, form: _Form) -> tuple[int, int]:
    """Where the first directory begins, and how many tags it has."""
    (place,) = struct.unpack_from(form.order + form.number, data, 8 if form.number == "Q" else 4)
    (count,) = struct.unpack_from(form.order + form.counter, data, place)
    return place, count
