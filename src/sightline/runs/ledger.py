"""How often has this test set been looked at? An append-only record beside the runs.

Whoever tries twenty models on one test set and shows the best figure shows luck too. Every opening therefore
leaves a line in `test-ledger.jsonl` in the folder that holds the runs: before the photos are judged, so that a
run that is killed meanwhile has still looked. A line is one write to a file opened for appending, under a lock,
flushed to disk; a line cut short by a kill is skipped by readers and never swallows the next.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sightline.errors import SightlineError
from sightline.system import regular
from sightline.system.documents import Count, Document, Text
from sightline.system.files import NoRoom, open_to_append, refusal

try:
    import fcntl
except ImportError:  # Windows has no flock; appending in one write must do there
    fcntl = None  # type: ignore[assignment]

NAME = "test-ledger.jsonl"
_FLATTERS = 5
_MOST_BYTES = 256 << 20


class Opening(Document):
    """One line of the ledger: a test set was looked at."""

    time: Text = ""
    run: Text = ""
    command: Text = ""
    test: Annotated[str, Field(min_length=1, max_length=200)]
    """What identifies the test set: see `identity`."""
    photos: Count = 0


def identity(digests: Iterable[str]) -> str:
    """What identifies a test set: the SHA-256 over its samples' digests, whatever their order."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def opened(run_folder: str | Path, digests: Iterable[str], command: str) -> int:
    """Record that a test set is about to be opened.

    Args:
        run_folder: the run that opens it; the ledger lies in its parent folder.
        digests: one digest for each test sample.
        command: which command opens it, for the reader of the ledger.

    Returns:
        How often this test set has been opened, this time included.

    Raises:
        SightlineError: the ledger cannot be written; what is not recorded must not be opened.
    """
    run_folder = Path(run_folder).absolute()
    digests = list(digests)
    entry = Opening(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        run=run_folder.name.encode("utf-8", "backslashreplace").decode("utf-8"),
        command=command,
        test=identity(digests),
        photos=len(digests),
    )
    path = run_folder.parent / NAME
    try:
        _append(path, json.dumps(entry.to_dict()))
    except OSError as error:
        if isinstance(refused := refusal(error, path), NoRoom):
            raise refused from error
        raise SightlineError(
            f"{path}: this opening of the test set cannot be recorded ({error.strerror}); it stays closed.\n"
            "Make the folder writable, or copy the run to one that is."
        ) from error
    return count(run_folder, digests)


def count(run_folder: str | Path, digests: Iterable[str]) -> int:
    """How often the test set of these digests has been opened by the runs beside `run_folder`.

    Raises:
        SightlineError: the ledger cannot be read.
    """
    return len(history(run_folder, digests))


def history(run_folder: str | Path, digests: Iterable[str]) -> list[Opening]:
    """The openings of one test set, oldest first.

    Raises:
        SightlineError: the ledger cannot be read.
    """
    wanted = identity(digests)
    return [entry for entry in _entries(Path(run_folder).absolute().parent / NAME) if entry.test == wanted]


def warning(times: int | None) -> str:
    """What a reader of the figures should know about `times` openings; nothing to say of the first."""
    if times is None or times <= 1:
        return ""
    advice = ": expect its best figure to flatter" if times >= _FLATTERS else ""
    return f"this test set has been opened {times} times{advice}."


def _append(path: Path, line: str) -> None:
    descriptor = open_to_append(path)
    try:
        with _locked(descriptor):
            # A kill may have cut the last line short: begin a new one, so that only the cut one is lost.
            end = os.lseek(descriptor, 0, os.SEEK_END)
            cut = end > 0 and os.lseek(descriptor, -1, os.SEEK_END) >= 0 and os.read(descriptor, 1) != b"\n"
            data = ("\n" * cut + line + "\n").encode("ascii")
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    if fcntl is not None:
        with suppress(OSError):  # some network disks have no locks; a single appending write is all they offer
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield  # closing the file gives the lock back


def _entries(path: Path) -> Iterator[Opening]:
    if not path.exists() and not path.is_symlink():
        return
    for line in regular.content(path, _MOST_BYTES).split(b"\n"):
        with suppress(SightlineError):  # a line that a kill cut short
            yield Opening.parse(line, path)
