"""What a person names -> the photos that are meant: files, folders, patterns, and a list on standard input."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sightline.data.reading.walk import walk
from sightline.errors import SightlineError, UsageError
from sightline.system.progress import note

STDIN = "-"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/{1,3}[^/]", re.IGNORECASE)
_MOST_BYTES = 1 << 28  # of the list on standard input


def photos_named(names: Iterable[str | Path]) -> list[Path]:
    """The files named, and every photo in the folders named, in order.

    Args:
        names: of files and folders; patterns such as photos/*.jpg, where the shell has not filled them in; "-" for a
            list on standard input, one name to a line, or parted by NUL as `find -print0` has it.

    Raises:
        UsageError: a name is an address, or a pattern that fits nothing.
        SightlineError: there is no photo in all of it, or a folder cannot be read.
    """
    found: list[Path] = []
    empty: list[Path] = []
    for path in _paths(names):
        if not _is_folder(path):
            found.append(path)
            continue
        photos = [path / photo for photo in walk(path).tree.photos()]
        found += photos
        empty += [] if photos else [path]
    if not found:
        named = ", ".join(str(path) for path in empty[:3]) or "the list on standard input"
        raise SightlineError(f"{named}: no photos in it. Name photos, or folders of photos.")
    for path in empty:
        note(f"{path}: no photos in it.")
    return found


def unfolded(given: Any) -> Any:
    """What Python users give as photos; folders and patterns are replaced by what is in them, alone or among others."""
    if isinstance(given, str | os.PathLike):
        return photos_named([os.fsdecode(given)]) if _is_many(given) else given
    if isinstance(given, list | tuple) and any(_is_many(item) for item in given):
        return [photo for item in given for photo in (_those_of(item) if _is_many(item) else [item])]
    return given


def _those_of(item: Any) -> list[Any]:
    """What stands for several photos among others; in which there are none, it stays, to be a row that says so."""
    try:
        return list(photos_named([os.fsdecode(item)]))
    except SightlineError:
        return [item]


def _is_many(item: Any) -> bool:
    """Whether it stands for several photos: a folder, or a pattern such as photos/*.jpg that is no file's name."""
    return _is_folder(item) or (isinstance(item, str) and glob.has_magic(item) and not _exists(item))


def _is_folder(item: Any) -> bool:
    try:
        return isinstance(item, str | os.PathLike) and item != "" and Path(os.fsdecode(item)).is_dir()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def _paths(names: Iterable[str | Path]) -> Iterator[Path]:
    for name in names:
        if isinstance(name, str) and not name.strip():
            raise UsageError("An empty name was given: name photos, or folders of photos.")
        if str(name) == STDIN:
            yield from map(Path, _listed())
        elif _exists(name):
            yield Path(name)
        elif _ADDRESS.match(str(name)):
            raise UsageError(f"{name}: is an address. Sightline reads files on this machine; download it first.")
        elif glob.has_magic(str(name)):
            fitting = sorted(glob.glob(str(name), recursive=True))  # noqa: PTH207  (Path has none from the root on)
            if not fitting:
                raise UsageError(f"{name}: no file fits this pattern.")
            yield from map(Path, fitting)
        else:
            yield Path(name)  # who opens it says what is wrong


def _listed() -> list[str]:
    """The names on standard input."""
    content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise UsageError(f"-: the list on standard input is longer than {_MOST_BYTES >> 20} MB. Give it in parts.")
    parts = content.split(b"\0") if b"\0" in content else content.splitlines()
    return [part.decode(sys.getfilesystemencoding(), "surrogateescape") for part in parts if part.strip()]


def _exists(name: str | Path) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False
