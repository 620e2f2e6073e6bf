"""A JPEG's markers, read without decoding: how many scans it has, how large it is, and what in it is not the picture.

Source: ITU-T T.81, Annex B. Where the standard leaves room, this follows what libjpeg does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sightline.data.decoding.regular import Undecodable

MOST_SCANS = 100
"""Each scan of a progressive JPEG makes the decoder go over the whole picture again. Encoders write about ten."""
MOST_SEGMENTS = 5000
"""Before the first scan; a camera writes about twenty."""

SOI, EOI, SOS, APP0, APP1, APP2, APP14, APP15, COM = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")  # one that a length follows, or the end
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


class Segment(NamedTuple):
    """A marker with what follows it. `start` is the marker's own place, `body` lies behind its length, up to `end`."""

    marker: int
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Header:
    """What stands before the first scan. All 0 where there is no frame header."""

    segments: tuple[Segment, ...]
    scan: int  # where the first scan begins; 0 where there is none
    frame: int  # the marker that says how it is coded: 0xC0 baseline, 0xC2 progressive …
    width: int
    height: int
    components: int


def header(data: bytes) -> Header:
    """Read the markers up to the first scan.

    Raises:
        Undecodable: there are more than `MOST_SEGMENTS`.
    """
    segments: list[Segment] = []
    frame = width = height = components = 0
    scan = 0
    for segment in _segments(data, 2):
        if segment.marker == SOS:
            scan = segment.start
        if segment.marker in (SOS, EOI):
            break
        segments.append(segment)
        if len(segments) > MOST_SEGMENTS:
            raise Undecodable("corrupt", f"a JPEG with more than {MOST_SEGMENTS:,} blocks before its picture")
        if segment.marker in _FRAMES and segment.end - segment.body >= 6:
            frame, body = segment.marker, segment.body
            height, width = (int.from_bytes(data[body + place : body + place + 2], "big") for place in (1, 3))
            components = data[body + 5]
    return Header(tuple(segments), scan, frame, width, height, components)


def _segments(data: bytes, place: int) -> Iterator[Segment]:
    """The markers from `place` on; ends where the file does, or where a length makes no sense."""
    while found := _MARKER.search(data, place):
        place, marker = found.start(), found[1][0]
        length = 0 if marker == EOI else int.from_bytes(data[place + 2 : place + 4], "big")
        end = place + 2 + length
        if end > len(data) or (marker != EOI and length < 2):
            return
        yield Segment(marker, place, place + 4, end)
        place = end


def scans(data: bytes, start: int) -> int:
    """How many scans there are from `start` on; at most one more than `MOST_SCANS` are counted."""
    most = data.count(b"\xff\xda", start)  # quick, and never too few; metadata may hold these bytes as well
    if most <= MOST_SCANS:
        return most
    count = 0
    for segment in _segments(data, start):
        count += segment.marker == SOS
        if segment.marker == EOI or count > MOST_SCANS:
            break
    return count


def essential(data: bytes, head: Header) -> bytes:
    """The file without what its pixels do not need: text, thumbnails, maker notes, other pictures' indexes, rubbish.

    A colour profile stays where there are four inks, which cannot be shown without it; the orientation is read by
    `metadata`.
    """
    needed = [segment for segment in head.segments if _needed(data, segment, head.components)]
    return b"".join([data[:2], *(data[segment.start : segment.end] for segment in needed), data[head.scan :]])


def _needed(data: bytes, segment: Segment, components: int) -> bool:
    length = segment.end - segment.body
    if segment.marker == APP0:
        return data.startswith(b"JFIF\0", segment.body) and length >= 14
    if segment.marker == APP2:
        return components == 4 and data.startswith(b"ICC_PROFILE\0", segment.body)
    if segment.marker == APP14:
        return data.startswith(b"Adobe", segment.body) and length >= 12
    return not (APP0 <= segment.marker <= APP15 or segment.marker == COM)


def metadata(data: bytes, head: Header) -> tuple[bytes, bytes]:
    """The EXIF block and the XMP packet, empty where there is none."""
    exif, xmp = [], b""
    for segment in head.segments:
        if segment.marker == APP1:
            body = data[segment.body : segment.end]
            if body.startswith(_EXIF):
                exif.append(body[len(_EXIF) :])
            elif body.startswith(_XMP):
                xmp = body[len(_XMP) :]
    return b"".join(exif), xmp
