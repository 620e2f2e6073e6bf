"""The files of a zip archive, one after the other."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sightline.data.reading.limits import Budget, Refused, Unusable, blocks, passed_over, safe_path
from sightline.data.table import Problem


def zip_members(path: Path, budget: Budget, problems: list[Problem]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """As `members.members`, for a zip."""
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


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: some programs write UTF-8 without saying so, which then reads as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
