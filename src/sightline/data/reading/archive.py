"""An archive of photos -> a folder in the cache, unpacked once for each content.

An archive may come from anyone. Only plain files are written, under names that were made safe (`members.py`), each by
our own hand into a new folder, within limits on their number and bytes; a folder gets its final name when it is whole.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sightline.data.reading.members import Budget, Damaged, Refused, archive_kind, members
from sightline.data.table import Problem
from sightline.errors import SightlineError
from sightline.system import cache
from sightline.system.files import write_json, write_text
from sightline.system.progress import track

MOST_MEMBERS = 5_000_000
MOST_RATIO = 100
"""How many times larger than the archive its content may be. Photos are compressed already; text reaches about 10."""
ALWAYS_ALLOWED = 1 << 30
"""Bytes that may be unpacked whatever the ratio: drawn images of few colours compress a thousandfold."""

_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst")
_BLOCK = 1 << 20


class BrokenArchive(SightlineError):
    """The file is no archive, or not a whole one: fetching it again may help."""


@dataclass(frozen=True)
class Unpacked:
    """An archive's files on disk."""

    root: Path
    problems: list[Problem]
    """The members that were passed over, one row each."""


def is_archive(path: Path) -> bool:
    """Whether a file is an archive, by its name or its first bytes."""
    return path.name.lower().endswith(_SUFFIXES) or bool(archive_kind(path))


def plain_name(path: Path) -> str:
    """The archive's name without what marks it as one: `photos.tar.gz` -> `photos`."""
    name = path.name
    while (suffix := Path(name).suffix) and suffix.lower() in _SUFFIXES:
        name = name[: -len(suffix)]
    return name or path.name


def unpack(path: Path) -> Unpacked:
    """Unpack an archive into the cache, or find it there.

    The folder depends on the archive's content alone, so that it is the same wherever the archive lies.

    Raises:
        BrokenArchive: it is no archive, or is damaged.
        SightlineError: it is refused for what is in it, or the disk is full.
    """
    try:
        if not archive_kind(path):
            raise BrokenArchive(f"{path}: neither a zip nor a tar archive. Unpack it yourself and give the folder.")
        target = cache.folder("archives") / digest(path)[:32]
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror}).") from error
    if not is_whole(target):
        shutil.rmtree(target, ignore_errors=True)
        _unpack_into(path, target)
    cache.touch(target)
    about = json.loads((target / "archive.json").read_text(encoding="utf-8"))
    return Unpacked(target / "files", [(row[0], row[1], row[2], row[3]) for row in about["problems"]])


def _unpack_into(path: Path, target: Path) -> None:
    """Fill a folder beside `target`, then give it that name."""
    temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
    problems: list[Problem] = []
    budget = Budget(MOST_MEMBERS, max(ALWAYS_ALLOWED, MOST_RATIO * path.stat().st_size))
    count = 0
    try:
        (temporary / "files").mkdir(parents=True)
        with track(f"Unpacking {path.name}", None, "files") as advance:
            for name, blocks in members(path, budget, problems):
                count += _write(temporary / "files", name, blocks, problems)
                advance()
        write_json(temporary / "archive.json", {"archive": path.name, "files": count, "problems": problems})
        if hasattr(os, "sync"):
            os.sync()  # once, rather than a flush for each of many thousand files
        temporary.rename(target)
    except Refused as error:
        raise SightlineError(
            f"{path}: it {error}. Nothing was unpacked.\nIf you trust it, unpack it yourself."
        ) from error
    except Damaged as error:
        raise BrokenArchive(f"{path}: the archive is damaged or incomplete ({error}). Fetch it again.") from error
    except OSError as error:
        if not is_whole(target):  # else another process was quicker, and its folder is as good as ours
            raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(folder: Path, name: str, blocks: Iterable[bytes], problems: list[Problem]) -> int:
    """Write one file; 1 if that was possible. The blocks are used up either way, since the next file follows them."""
    target = folder / name
    file = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = open(target, "xb")  # noqa: SIM115  (closed below, whatever happens)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        problems.append((name, "listed twice", "in the archive: another member has the same name", "left out"))
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.EINVAL):
            raise
        problems.append((name, "unreadable", "in the archive: this disk cannot hold its name", "left out"))
    try:
        for block in blocks:
            if file is not None:
                file.write(block)
    finally:
        if file is not None:
            file.close()
    return int(file is not None)


def is_whole(target: Path) -> bool:
    """Whether a folder holds all that was unpacked into it: clearing a cache may have been broken off half-way."""
    try:
        count = json.loads((target / "archive.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(sum(len(files) for _, _, files in os.walk(target / "files")) == count)


def digest(path: Path) -> str:
    """SHA-256 of an archive. It is remembered for the file as it is now, since large ones take long to read."""
    status = path.stat()
    identity = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}"
    remembered = cache.folder("digests") / hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    try:
        known = remembered.read_text(encoding="ascii").strip()
        if len(known) == 64:
            return known
    except (OSError, ValueError):
        pass  # not seen before
    running = hashlib.sha256()
    with open(path, "rb") as file, track(f"Reading {path.name}", status.st_size >> 20, "MB") as advance:
        while block := file.read(_BLOCK):
            running.update(block)
            advance()
    write_text(remembered, running.hexdigest())
    return running.hexdigest()


def _cannot_write(target: Path, error: OSError) -> SightlineError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SightlineError(
            f"{target.parent}: the disk is full. Free some space, or move the cache with SIGHTLINE_CACHE."
        )
    return SightlineError(f"{target.parent}: cannot be written ({error.strerror or error}).")
