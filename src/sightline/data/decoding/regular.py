"""Open files that may be anything: only regular files are ever opened, nothing waits, every refusal says why."""

from __future__ import annotations

import errno
import os
import stat
from hashlib import sha256
from io import BufferedReader
from pathlib import Path

MAX_BYTES = 2 << 30
"""The largest file that is read as a picture."""


class Undecodable(Exception):
    """A picture that cannot be had. `problem` is one word of `decode.PROBLEMS`, `detail` says more in plain words."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(problem, detail)
        self.problem = problem
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.problem}: {self.detail}"


def open_regular(path: Path | str) -> BufferedReader:
    """Open a file for reading, to be closed by the caller.

    Raises:
        Undecodable: "unreadable", with the reason; "too-large" where it has more than `MAX_BYTES`.
    """
    return os.fdopen(_descriptor(path), "rb")


def read(path: Path | str) -> bytes:
    """The bytes of a regular file.

    Raises:
        Undecodable: as `open_regular`.
    """
    with open_regular(path) as file:
        try:
            return file.read(MAX_BYTES)
        except (OSError, MemoryError) as error:
            raise Undecodable("unreadable", _why(error, path)) from error


def head(path: Path | str, count: int) -> bytes:
    """The first bytes of a regular file.

    Args:
        path: the file.
        count: how many bytes; fewer come from a shorter file.

    Raises:
        Undecodable: as `open_regular`.
    """
    with open_regular(path) as file:
        try:
            return file.read(count)
        except OSError as error:
            raise Undecodable("unreadable", _why(error, path)) from error


def digest(path: Path | str) -> tuple[str, int]:
    """SHA-256 (64 hexadecimal digits) and length of a regular file's bytes.

    Raises:
        Undecodable: as `open_regular`.
    """
    running, size = sha256(), 0
    descriptor = _descriptor(path)
    try:
        while block := os.read(descriptor, 1 << 20):
            running.update(block)
            size += len(block)
    except OSError as error:
        raise Undecodable("unreadable", _why(error, path)) from error
    finally:
        os.close(descriptor)
    return running.hexdigest(), size


def _descriptor(path: Path | str) -> int:
    try:
        # Looked at before it is opened, since opening alone can set a device going; and again after, since the file
        # may have been exchanged in between. O_NONBLOCK: opening a FIFO would otherwise wait for its other end.
        _require_regular(Path(path).stat())
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise Undecodable("unreadable", _why(error, path)) from error
    try:
        _require_regular(os.fstat(descriptor))
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


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise Undecodable("unreadable", f"{what}, not a file")
    if status.st_size > MAX_BYTES:
        raise Undecodable("too-large", f"the file has {status.st_size / 1e9:.1f} GB; the limit is 2.1 GB")


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
    return known.get(number or 0) or f"it cannot be read ({getattr(error, 'strerror', None) or error})"
