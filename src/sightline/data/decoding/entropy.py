"""Walk the compressed data of a baseline JPEG, code by code, to find where it stops making sense.

Much slower than a decoder, which keeps such things to itself: this is for files that a decoder has found wanting.

Source: ITU-T T.81, Annex F.2.2, with the bounds that eight-bit samples put on every number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sightline.data.decoding import jpeg

MOST_BYTES = 2 << 20
"""Of compressed data; a walk goes over some hundred thousand bytes a second."""

_DHT, _DQT, _DRI = 0xC4, 0xDB, 0xDD
_BASELINE = (0xC0, 0xC1)
_DC_BITS, _AC_BITS = 11, 10  # the most bits of a number in a picture of eight-bit samples
_DC_LIMIT = 1024 + 64  # eight times the farthest from middle grey, and some room for what rounding adds
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_EMPTY = re.compile(rb"\0{24}")  # as a lost sector leaves behind; looked for only where something is wrong
_NOTHING = (0, 0)


@dataclass(frozen=True)
class _Block:
    """One block of a unit: its component, the first quantisation step, and its two tables of codes."""

    component: int
    step: int
    dc: list[tuple[int, int]]
    ac: list[tuple[int, int]]


@dataclass(frozen=True)
class _Scan:
    blocks: tuple[_Block, ...]  # of one unit (MCU), in order
    units: int
    interval: int  # units between restart markers
    pieces: tuple[bytes, ...]  # compressed data, cut at the restart markers, without stuffing


@dataclass(frozen=True)
class Walk:
    """What the compressed data holds, in units (MCUs: the smallest pieces that a picture is sent in)."""

    units: int
    """As many as the picture needs."""
    sound: int
    """Those before the first code that cannot be, or an empty stretch, from one restart marker to the next."""
    missing: int
    """Those for which there is no data left."""
    rest: int
    """Bytes that are left over and not all alike; some cameras fill up with one value."""

    @property
    def nonsense(self) -> bool:
        """Whether there is anything in it that cannot be."""
        return self.sound + self.missing < self.units

    @property
    def lost(self) -> float:
        """The share of the picture behind the first thing that cannot be, 0-1."""
        return 1 - self.sound / self.units


def walk(data: bytes) -> Walk | None:
    """Read all codes, without making a picture of them.

    Args:
        data: a whole JPEG file.

    Returns:
        What was found; None where it cannot be told: the picture is not sent in one baseline scan, or its compressed
        data is longer than `MOST_BYTES`.
    """
    scan = _scan(data)
    if scan is None:
        return None
    sound = missing = rest = 0
    left = scan.units
    for piece in scan.pieces:
        due = min(scan.interval, left)
        if not due:
            break
        read, short, over = _walked(piece, scan.blocks, due)
        sound, missing, rest = sound + read, missing + short, rest + over
        left -= due
    return Walk(scan.units, sound, missing + left, rest)


def _walked(piece: bytes, blocks: tuple[_Block, ...], due: int) -> tuple[int, int, int]:
    """How many units can be read, for how many there is no data, and how many bytes are left over."""
    bits, have, place, end = 0, 0, 0, len(piece)
    empty = _EMPTY.search(piece)
    stop = empty.start() if empty else end + 8
    level = [0] * 4
    parts = [(block.component, block.step, block.dc, block.ac) for block in blocks]
    for unit in range(due):
        if place - (have >> 3) > stop:
            return unit, 0, 0
        for component, step, dc, ac in parts:
            number, codes, most = 0, dc, _DC_BITS
            while number < 64:
                if have < 32 and place < end:
                    more = piece[place : place + 6]
                    bits = (bits & ((1 << have) - 1)) << 8 * len(more) | int.from_bytes(more, "big")
                    have += 8 * len(more)
                    place += len(more)
                # Beyond the end a decoder reads ones, as the last byte is filled up with.
                code = bits >> have - 16 if have >= 16 else bits << 16 - have | (1 << 16 - have) - 1
                length, symbol = codes[code & 0xFFFF]
                size = symbol & 15
                have -= length + size
                if have < 0:
                    return unit, due - unit, 0
                if not length or size > most:
                    return unit, 0, 0
                if not number:
                    if size:
                        value = bits >> have & (1 << size) - 1
                        level[component] += value if value >> size - 1 else value - (1 << size) + 1
                    if abs(level[component]) * step > _DC_LIMIT + step or symbol > _DC_BITS:
                        return unit, 0, 0
                    number, codes, most = 1, ac, _AC_BITS
                elif size:
                    number += (symbol >> 4) + 1
                    if number > 64:
                        return unit, 0, 0
                elif symbol == 0xF0:
                    number += 16
                    if number > 63:
                        return unit, 0, 0
                elif symbol:
                    return unit, 0, 0
                else:
                    break
    over = piece[end - (end - place) - have // 8 :]
    return due, 0, len(over) if over.strip(over[:1]) else 0


def _scan(data: bytes) -> _Scan | None:
    try:
        return _read(data)
    except (IndexError, KeyError, ValueError):
        return None  # its tables are damaged, and so is what the decoder made of it


def _read(data: bytes) -> _Scan | None:
    head = jpeg.header(data)
    if head.frame not in _BASELINE or not head.scan:
        return None
    steps: dict[int, int] = {}
    tables: dict[int, list[tuple[int, int]]] = {}
    interval = 0
    sampling: dict[int, tuple[int, int, int]] = {}  # component -> horizontal, vertical, quantisation table
    for segment in head.segments:
        body = data[segment.body : segment.end]
        if segment.marker == _DQT:
            steps.update(_steps(body))
        elif segment.marker == _DHT:
            tables.update(_codes(body))
        elif segment.marker == _DRI:
            interval = int.from_bytes(body[:2], "big")
        elif segment.marker == head.frame:
            if body[0] != 8:
                return None
            sampling = {
                body[at]: (body[at + 1] >> 4, body[at + 1] & 15, body[at + 2]) for at in range(6, 6 + 3 * body[5], 3)
            }
    start = head.scan + 2 + int.from_bytes(data[head.scan + 2 : head.scan + 4], "big")
    count = data[head.scan + 4]
    if count != len(sampling) or len(sampling) > 4:
        return None  # one colour at a time
    blocks = []
    for number in range(count):
        name, chosen = data[head.scan + 5 + 2 * number], data[head.scan + 6 + 2 * number]
        wide, high, table = sampling[name]
        block = _Block(number, steps[table], tables[chosen >> 4], tables[16 + (chosen & 15)])
        blocks += [block] * (wide * high if count > 1 else 1)
    widest, highest = (max(factors[axis] for factors in sampling.values()) if count > 1 else 1 for axis in (0, 1))
    units = -(-head.width // (8 * widest)) * -(-head.height // (8 * highest))
    found = _END_OF_SCAN.search(data, start)
    end = found.start() if found else len(data)
    if end - start > MOST_BYTES or not units:
        return None
    pieces = _RESTART.split(data[start:end]) if interval else [data[start:end]]
    plain = tuple(piece.replace(b"\xff\x00", b"\xff") for piece in pieces)
    return _Scan(tuple(blocks), units, interval or units, plain)


def _steps(body: bytes) -> dict[int, int]:
    """The step of the first number in each quantisation table."""
    found, place = {}, 0
    while place < len(body):
        wide = 2 if body[place] >> 4 else 1
        found[body[place] & 15] = int.from_bytes(body[place + 1 : place + 1 + wide], "big")
        place += 1 + 64 * wide
    return found


def _codes(body: bytes) -> dict[int, list[tuple[int, int]]]:
    """For each table of codes: what any 16 bits begin with, as (length, symbol). AC tables are numbered from 16."""
    found, place = {}, 0
    while place < len(body):
        counts = body[place + 1 : place + 17]
        symbols = body[place + 17 : place + 17 + sum(counts)]
        table: list[tuple[int, int]] = []
        for length, many in enumerate(counts, 1):
            for _ in range(many):
                table += [(length, symbols[0])] * (1 << 16 - length)
                symbols = symbols[1:]
        if len(table) > 1 << 16:
            raise ValueError("more codes than there are")
        found[body[place]] = table + [_NOTHING] * ((1 << 16) - len(table))
        place += 17 + sum(counts)
    return found
