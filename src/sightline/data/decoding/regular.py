"""Open pictures, which may be anything: the guards of `system.regular`, in the terms and limits of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from sightline.system import regular

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
    with _as_a_picture():
        return regular.open_regular(path, MAX_BYTES)


def read(path: Path | str) -> bytes:
    """The bytes of a regular file.

    Raises:
        Undecodable: as `open_regular`.
    """
    with _as_a_picture():
        return regular.read(path, MAX_BYTES)


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
            raise Undecodable("unreadable", f"it cannot be read ({error.strerror})") from error


def digest(path: Path | str) -> tuple[str, int]:
    """SHA-256 (64 hexadecimal digits) and length of a regular file's bytes.

    Raises:
        Undecodable: as `open_regular`.
    """
    with _as_a_picture():
        return regular.digest(path, MAX_BYTES)


@contextmanager
def _as_a_picture() -> Iterator[None]:
    try:
        yield
    except regular.Unreadable as error:
        raise Undecodable(error.problem, error.detail) from error
