"""Open what lies on disk only where it is a regular file of a sane size: a name may lead to anything.

A FIFO waits for ever for its other end, /dev/zero never ends, a sparse file of three gigabytes takes no room on disk
and all of memory. So whatever a folder was handed with, nothing but a regular file is opened, nothing waits, and how
much is read is known beforehand.
"""

from __future__ import annotations

import errno
import os
import stat
from hashlib import sha256
from io import BufferedReader
from pathlib import Path

from sightline.errors import SightlineError

LARGEST = 64 << 30
"""Bytes: no file that Sightline reads has more, weights of billions of parameters included."""


class Unreadable(Exception):
    """A file that is not opened. `problem` is "unreadable" or "too-large"; `detail` says more in plain words."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(problem, detail)
        self.problem = problem
        self.detail = detail


def open_regular(path: Path | str, most: int = LARGEST) -> BufferedReader:
    """Open a file for reading, to be closed by the caller.

    Args:
        path: the file.
        most: the bytes that it may have.

    Raises:
        Unreadable: it is no regular file, has more bytes, or may not be read.
    """
    return os.fdopen(_descriptor(path, most), "rb")


def read(path: Path | str, most: int) -> bytes:
    """The bytes of a regular file, `most` of them at the utmost.

    Raises:
        Unreadable: as `open_regular`.
    """
    with open_regular(path, most) as file:
        try:
            # Not `file.read(most)`, which takes memory for all that might come.
            parts = [file.read(min(os.fstat(file.fileno()).st_size, most))]
            while (left := most - sum(map(len, parts))) and (block := file.read(min(left, 1 << 20))):  # it has grown
                parts.append(block)
            return parts[0] if len(parts) == 1 else b"".join(parts)
        except (OSError, MemoryError) as error:
            raise Unreadable("unreadable", _why(error, path)) from error


def digest(path: Path | str, most: int = LARGEST) -> tuple[str, int]:
    """SHA-256 (64 hexadecimal digits) and length of a regular file's bytes.

    Raises:
        Unreadable: as `open_regular`.
    """
    running, size = sha256(), 0
    descriptor = _descriptor(path, most)
    try:
        while block := os.read(descriptor, 1 << 20):
            running.update(block)
            size += len(block)
    except OSError as error:
        raise Unreadable("unreadable", _why(error, path)) from error
    finally:
        os.close(descriptor)
    return running.hexdigest(), size


def content(path: Path | str, most: int) -> bytes:
    """The bytes of a regular file, for those whose reader is a person.

    Raises:
        SightlineError: it cannot be had; says which file and why.
    """
    try:
        return read(path, most)
    except Unreadable as error:
        raise SightlineError(f"{path}: cannot be read: {error.detail}.") from error


def require(path: Path | str, most: int = LARGEST) -> None:
    """Look at a file that a library will open by its name.

    Raises:
        SightlineError: it is no regular file of at most `most` bytes; says why.
    """
    try:
        open_regular(path, most).close()
    except Unreadable as error:
        raise SightlineError(f"{path}: cannot be read: {error.detail}.") from error


def _descriptor(path: Path | str, most: int) -> int:
    try:
        # Looked at before it is opened, since opening alone can set a device going; and again after, since the file
        # may have been exchanged in between. O_NONBLOCK: opening a FIFO would otherwise wait for its other end.
        _require_regular(Path(path).stat(), most)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise Unreadable("unreadable", _why(error, path)) from error
    try:
        _require_regular(os.fstat(descriptor), most)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO (named pipe)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _require_regular(status: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise Unreadable("unreadable", f"{what}, not a file")
    if status.st_size > most:
        raise Unreadable("too-large", f"the file has {_size(status.st_size)}; the limit is {_size(most)}")


def _size(bytes_: int) -> str:
    return f"{bytes_ / 1e9:.1f} GB" if bytes_ >= 1e9 else f"{bytes_ / 1e6:.1f} MB"


def _why(error: BaseException, path: Path | str) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return "a link to a file that is not there" if Path(path).is_symlink() else "it is not there"
    known = {
        errno.EACCES: "no permission to read it",
        errno.EPERM: "no permission to read it",
        errno.ELOOP: "a link that leads back to itself",
        errno.ENAMETOOLONG: "its name is too long for this disk",
        errno.ENOTDIR: "a part of its path is not a folder",
    }
    if isinstance(error, MemoryError):
        return "it does not fit in memory"
    return known.get(number or 0) or f"it cannot be read ({getattr(error, 'strerror', None) or error})"
