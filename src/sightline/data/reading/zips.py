"""The files of a zip archive, one after the other."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sightline.data.reading.limits import Budget, Refused, Unusable, blocks, passed_over, safe_path
from sightline.data.table import Problem

_END = 22  # bytes of the record at the end of a zip
_LONGEST_LISTING = 160 << 20  # bytes, of which Python makes ten times as many: a million and a half files


def zip_members(path: Path, budget: Budget, problems: list[Problem]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """As `members.members`, for a zip."""
    with open(path, "rb") as file:
        if _listing_size(file) > _LONGEST_LISTING:
            raise Refused("holds too many files")
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            budget.spend(members=1)
            name = _zip_name(info)
            mode = info.external_attr >> 16
            try:
                plain = safe_path(name)
                if not plain or info.is_dir() or name.endswith("\\"):
                    continue
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise Unusable("a link or device, not a file")
            except Unusable as error:
                passed_over(name, str(error), problems)
                continue
            if info.flag_bits & 0x1:
                raise Refused("is locked with a password")
            try:
                opened = archive.open(info)
            except NotImplementedError as error:
                raise Refused("is compressed in a way that is not read here") from error
            with opened:
                yield plain, blocks(opened, budget)


def _listing_size(file: BinaryIO) -> int:
    """How many bytes the list of an archive's files has, which is read as a whole: 0 where its end cannot be found."""
    size = file.seek(0, 2)
    start = max(0, size - _END - 0xFFFF)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END > len(tail):
        return 0
    (listed,) = struct.unpack_from("<L", tail, at + 12)
    if listed == 0xFFFFFFFF and at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        (place,) = struct.unpack_from("<Q", tail, at - 12)
        file.seek(min(place, size))
        record = file.read(56)
        return int(struct.unpack_from("<Q", record, 40)[0]) if len(record) == 56 else 0
    return int(listed)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: some programs write UTF-8 without saying so, which then reads as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
