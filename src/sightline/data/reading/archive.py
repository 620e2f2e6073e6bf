"""An archive of photos -> a folder in the cache, unpacked once for each content.

An archive may come from anyone. Only plain files are written, under names that were made safe (`members.py`), each by
our own hand into a new folder, within limits on their number and bytes.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sightline.data.reading.kept import ALWAYS_ALLOWED, MOST_RATIO, Contents, digest, filled
from sightline.data.reading.limits import Budget, Damaged, NoTar, Refused
from sightline.data.reading.members import archive_kind, members
from sightline.data.reading.naming import is_image, is_table
from sightline.data.table import Problem
from sightline.errors import SightlineError
from sightline.system.progress import track

MOST_MEMBERS = 2_000_000

_NOT_READ = {b"Rar!": "RAR", b"7z\xbc\xaf": "7z"}
_TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst")
_SUFFIXES = (".zip", *_TARS, ".gz", ".bz2", ".xz", ".zst")


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


def unpack(path: Path, content: str = "") -> Unpacked:
    """Unpack an archive into the cache, or find it there.

    The folder depends on the archive's content alone, so that it is the same wherever the archive lies.

    Args:
        path: the archive.
        content: its SHA-256, where it is known already.

    Raises:
        BrokenArchive: it is no archive, or is damaged.
        SightlineError: it is refused for what is in it, or the disk is full.
    """
    try:
        if not archive_kind(path):
            raise BrokenArchive(f"{path}: {_no_archive(path)}")
        content = content or digest(path)
        most = max(ALWAYS_ALLOWED, MOST_RATIO * path.stat().st_size)
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        root, contents = filled("archives", content, lambda folder: _unpack_into(folder, path, most))
    except Refused as error:
        raise SightlineError(
            f"{path}: it {error}. Nothing was unpacked.\nIf you trust it, unpack it yourself."
        ) from error
    except Damaged as error:
        if isinstance(error, NoTar) and not {*map(str.lower, path.suffixes)} & {*_TARS}:
            raise BrokenArchive(f"{path}: {_compressed(path)}") from error
        raise BrokenArchive(f"{path}: the archive is damaged or incomplete ({error}). Fetch it again.") from error
    return Unpacked(root, contents.problems)


def _no_archive(path: Path) -> str:
    """Why a file that is named as an archive is none that is read, and what to do."""
    with open(path, "rb") as file:
        head = file.read(64)
    if not head:
        return "is empty: the download broke off. Fetch it again."
    if head.startswith(b"PK"):
        return "begins as a zip archive but breaks off: the download was cut short. Fetch it again."
    if head.lstrip()[:1] == b"<":
        return "a web page, not an archive. The site may want you to log in before the download."
    kind = next((name for start, name in _NOT_READ.items() if head.startswith(start)), "")
    if kind:
        return f"{kind} archives are not read. Unpack it yourself and give the folder."
    return "neither a zip nor a tar archive. Unpack it yourself and give the folder."


def _compressed(path: Path) -> str:
    """Why what a compressed file holds is not read, and what to do; the file's name speaks of no tar."""
    if is_table(path.stem):
        return f"a compressed table. Unpack it, and give {path.stem}."
    return "compressed, but what it holds is no tar archive. Unpack it yourself and give what is in it."


def _unpack_into(folder: Path, path: Path, most: int) -> Contents:
    """Write an archive's files into a folder, `most` bytes of them."""
    contents = Contents(files=0)
    with track(f"Unpacking {path.name}", None, "files") as advance:
        for name, blocks in members(path, Budget(MOST_MEMBERS, most), contents.problems):
            contents.files += _write(folder, name, blocks, contents.problems)
            advance()
    return contents


def _write(folder: Path, name: str, blocks: Iterable[bytes], problems: list[Problem]) -> int:
    """Write one file; 1 if that was possible. The blocks are used up either way, since the next file follows them.

    A file with nothing in it is not written: an archive of a few megabytes can hold a million of them.
    """
    target = folder / name
    file = None
    blocks = iter(blocks)
    first = next(blocks, b"")
    if not first:
        if is_image(name):
            problems.append((name, "empty", "in the archive: the file has no bytes", "left out"))
        return 0
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
        for block in chain((first,), blocks):
            if file is not None:
                file.write(block)
    finally:
        if file is not None:
            file.close()
    return int(file is not None)
