"""What an archive may do: how much it may hold, which names its files may bear, and the words for a refusal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from sightline.data.reading.naming import is_clutter
from sightline.data.table import Problem, printable

BLOCK = 1 << 20
DEEPEST = 64
"""Folders within folders; real datasets have three or four."""

_LONGEST_PART, _LONGEST_PATH = 255, 2048  # bytes


class Refused(Exception):
    """The archive as a whole is not unpacked; the text says why in words that follow "it"."""


class Damaged(Exception):
    """The archive cannot be read to its end."""


class NoTar(Damaged):
    """What was compressed is no tar archive at all."""


class Unusable(Exception):
    """One member is passed over; the text says why."""


@dataclass
class Budget:
    """How much may still be read out of an archive."""

    members: int
    """Files, folders and all else."""
    bytes: int
    """Bytes after decompression."""

    def spend(self, count: int = 0, members: int = 0) -> None:
        """Count what was read.

        Raises:
            Refused: there is more in the archive than photos can be.
        """
        self.bytes -= count
        self.members -= members
        if self.bytes < 0:
            raise Refused("unpacks to far more than an archive of photos does, as a decompression bomb would")
        if self.members < 0:
            raise Refused("holds too many files")


def safe_path(name: str) -> str:
    """A member's name as a relative path with forward slashes; "" for clutter, which is passed over in silence.

    Raises:
        Refused: the name leads out of the folder into which the archive is unpacked.
        Unusable: no disk can hold the name, or it lies deeper than photos are looked for.
    """
    plain = name.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    drive = re.match(r"[A-Za-z]:(/|$)", plain) or (os.name == "nt" and ":" in plain)
    if "\0" in plain or plain.startswith("/") or drive or ".." in parts:
        raise Refused(f"names a file outside its own folder: {printable(name)[:200]!r}")
    if any(is_clutter(part) for part in parts):
        return ""
    if printable(plain) != plain:
        raise Unusable("its name is not valid Unicode")
    if any(len(part.encode()) > _LONGEST_PART for part in parts) or len(plain.encode()) > _LONGEST_PATH:
        raise Unusable("its name is too long")
    if len(parts) > DEEPEST + 1:
        raise Unusable(f"more than {DEEPEST} folders deep")
    return "/".join(parts)


def passed_over(name: str, why: str, problems: list[Problem]) -> None:
    """Add a member that is left out to the problems."""
    problems.append((printable(name)[:_LONGEST_PATH], "unreadable", f"in the archive: {why}", "left out"))


def blocks(file: IO[bytes], budget: Budget) -> Iterator[bytes]:
    """The bytes that are left in a file, in blocks; each is counted."""
    while block := file.read(BLOCK):
        budget.spend(len(block))
        yield block
