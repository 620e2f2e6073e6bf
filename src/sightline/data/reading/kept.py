"""Folders in the cache that are filled once for each content: an archive's files, the photos out of a table.

A folder gets its final name when it is whole. Of two processes that fill the same one, the second to finish uses the
first one's.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ValidationError

from sightline.data.table import Problem
from sightline.errors import SightlineError
from sightline.system import cache, regular
from sightline.system.files import write_text
from sightline.system.progress import track

MOST_RATIO = 100
"""How many times larger than its source an unpacked folder may be. Photos are compressed already; text reaches 10."""
ALWAYS_ALLOWED = 1 << 30
"""Bytes that may be unpacked whatever the ratio: drawn images of few colours compress a thousandfold."""

_BLOCK = 1 << 20
_MOST_BYTES = 1 << 30  # of archive.json, which lists what was passed over


class Contents(BaseModel):
    """What a filled folder holds: `archive.json` beside its `files`."""

    files: int
    problems: list[Problem] = []
    """What was passed over, one row each."""
    set_aside: list[str] = []
    """What carries no label."""


def filled(kind: str, content: str, fill: Callable[[Path], Contents]) -> tuple[Path, Contents]:
    """The folder that `fill` makes of some content, filled now or found in the cache.

    Args:
        kind: the part of the cache.
        content: a digest of all that the folder depends on.
        fill: writes files into the folder that it is given, and says what they are.

    Raises:
        SightlineError: the disk is full, or the cache cannot be written.
    """
    target = cache.folder(kind) / content[:32]
    contents = _whole(target)
    if contents is None:
        cache.remove(target)
        contents = _fill(target, fill)
    cache.touch(target)
    return target / "files", contents


def digest(path: Path) -> str:
    """SHA-256 of a large file. It is remembered for the file as it is now, since large ones take long to read.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    identity = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}"
    remembered = cache.root() / "digests" / hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    try:
        known = regular.read(remembered, 100).decode("ascii").strip()
        if re.fullmatch("[0-9a-f]{64}", known):
            return known
    except (regular.Unreadable, ValueError):
        pass  # not seen before
    running = hashlib.sha256()
    with open(path, "rb") as file, track(f"Reading {path.name}", status.st_size >> 20, "MB") as advance:
        while block := file.read(_BLOCK):
            running.update(block)
            advance()
    with cache.sparing(f"The SHA-256 of {path.name} is"):
        cache.folder("digests")
        write_text(remembered, running.hexdigest())
    return running.hexdigest()


def _fill(target: Path, fill: Callable[[Path], Contents]) -> Contents:
    """Fill a folder beside `target`, then give it that name."""
    temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        (temporary / "files").mkdir(parents=True)
        contents = fill(temporary / "files")
        write_text(temporary / "archive.json", contents.model_dump_json(indent=2))
        if hasattr(os, "sync"):
            os.sync()  # once, rather than a flush for each of many thousand files
        temporary.rename(target)
    except OSError as error:
        other = _whole(target)
        if other is None:  # else another process was quicker, and its folder is as good as ours
            raise _cannot_write(target, error) from error
        return other
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return contents


def _whole(target: Path) -> Contents | None:
    """What a folder holds if all of it is there: clearing a cache may have been broken off half-way."""
    try:
        contents = Contents.model_validate_json(regular.read(target / "archive.json", _MOST_BYTES))
    except (regular.Unreadable, ValidationError):
        return None
    count = sum(len(files) for _, _, files in os.walk(target / "files"))
    return contents if count == contents.files else None


def _cannot_write(target: Path, error: OSError) -> SightlineError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SightlineError(
            f"{target.parent}: the disk is full. Free some space, or move the cache with SIGHTLINE_CACHE."
        )
    return SightlineError(
        f"{target.parent}: cannot be written ({error.strerror or error}). Set SIGHTLINE_CACHE to a folder that can."
    )
