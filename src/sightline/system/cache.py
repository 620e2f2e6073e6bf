"""The cache folder: what can be computed again, kept for speed, never above a size limit.

`SIGHTLINE_CACHE` moves it; `SIGHTLINE_CACHE_LIMIT` sets the limit in GB (default 20).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from sightline.errors import Interrupted, SightlineError, UsageError
from sightline.system.files import NoRoom
from sightline.system.marker import mark
from sightline.system.progress import note

_GRACE_SECONDS = 3600  # another process may be using what was touched within the last hour


def root() -> Path:
    """The cache folder itself; it may not exist yet."""
    return Path(os.environ.get("SIGHTLINE_CACHE") or platformdirs.user_cache_path("sightline", appauthor=False))


def folder(kind: str) -> Path:
    """The folder for one kind of thing ("pixels", "features", …), made if it is not there.

    Raises:
        SightlineError: it cannot be made.
    """
    path = root() / kind
    try:
        if path.is_dir():
            return path
        if not root().exists():
            mark(root(), "a cache")
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SightlineError(
            f"{path}: the cache folder cannot be made ({error.strerror}). Set SIGHTLINE_CACHE to a folder that can."
        ) from error
    return path


@contextmanager
def sparing(what: str) -> Iterator[None]:
    """Within this block something is kept only to save time later: where the cache is closed or full, that is noted.

    Args:
        what: is kept, as the note begins: "The features are".
    """
    try:
        yield
    except SightlineError as error:
        if isinstance(error, Interrupted) and not isinstance(error, NoRoom):
            raise
        why = str(error).splitlines()[0].removesuffix(" Choose another folder.")
        note(f"{what} computed again next time, as they could not be kept: {why}")


def limit() -> int:
    """The size limit in bytes.

    Raises:
        UsageError: SIGHTLINE_CACHE_LIMIT is not a positive number.
    """
    text = os.environ.get("SIGHTLINE_CACHE_LIMIT", "20")
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = 0.0
    if not gigabytes > 0:
        raise UsageError(f"SIGHTLINE_CACHE_LIMIT={text}: give the limit in GB, a number above 0.")
    return int(gigabytes * 1e9)


def entries() -> list[tuple[str, str, int, float]]:
    """(kind, name, bytes, time of last use) of each thing in the cache, longest unused first."""
    found = []
    for kind in _within(root()):
        for entry in _within(kind):
            size, used = _measure(entry)
            found.append((kind.name, entry.name, size, used))
    return sorted(found, key=lambda entry: entry[3])


def _within(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except OSError:  # gone meanwhile, or closed to this user
        return []


def touch(path: Path) -> None:
    """Note that a cached file was just used, so that it is the last to go."""
    with suppress(OSError):  # a cache on a read-only disk still serves
        os.utime(path)


def trim(most: int | None = None) -> int:
    """Remove what was unused longest until the cache is within its limit; returns the bytes removed."""
    everything = entries()
    excess = sum(size for _, _, size, _ in everything) - (limit() if most is None else most)
    removed = 0
    for kind, name, size, used in everything:
        if removed >= excess:
            break
        if time.time() - used < _GRACE_SECONDS:
            continue
        remove(root() / kind / name)
        removed += size
    return removed


def clear() -> int:
    """Remove everything; returns the bytes removed."""
    removed = 0
    for kind, name, size, _ in entries():
        remove(root() / kind / name)
        removed += size
    return removed


def _measure(entry: Path) -> tuple[int, float]:
    size, used = 0, 0.0
    for path in [entry, *entry.rglob("*")] if entry.is_dir() else [entry]:
        try:
            status = path.lstat()
        except OSError:
            continue  # another process removed it meanwhile, or it is closed to this user
        size += status.st_blocks * 512 if hasattr(status, "st_blocks") else status.st_size
        used = max(used, status.st_mtime)
    return size, used


def remove(entry: Path) -> None:
    """Remove a file or a folder of the cache, as far as that can be done."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with suppress(OSError):  # gone already, or on a read-only disk
            entry.unlink(missing_ok=True)
