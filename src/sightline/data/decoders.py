"""Processes that decode, and may hang or die in doing so: what they run, and how they are started.

This module and what it imports is all that such a process loads (numpy, Pillow, Pebble), so that one starts in
milliseconds. Keep it so: no pandas, no torch.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import sys
import threading
import types
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from pebble import ProcessPool

from sightline.data.decode import Undecodable, decode, square
from sightline.data.regular import read


class Job(NamedTuple):
    """One photo to decode into one row of the pixel file."""

    row: int
    path: str
    digest: str
    bytes: int


class Record(NamedTuple):
    """What decoding a photo told. `problem` is "" for a good one; `checksum` is the CRC-32 of its row of pixels."""

    row: int
    width: int = 0
    height: int = 0
    mode: str = ""
    format: str = ""
    notes: str = ""
    brightness: float = 0.0
    checksum: int = 0
    problem: str = ""
    detail: str = ""


def fill(jobs: Sequence[Job], size: int, file: str, offset: int) -> list[Record]:
    """Decode photos straight into their rows of a pixel file, so that no pixels travel between processes.

    Args:
        jobs: the photos.
        size: side of the squares in pixels.
        file: the pixel file, already as long as it will be.
        offset: where in it row 0 begins.

    Raises:
        OSError: the pixel file cannot be written.
    """
    records = []
    with open(file, "r+b", buffering=0) as out:
        for job in jobs:
            try:
                record, pixels = _decode(job, size)
            except Undecodable as error:
                records.append(Record(job.row, problem=error.problem, detail=error.detail))
                continue
            out.seek(offset + job.row * pixels.nbytes)
            view = pixels.data.cast("B")
            while view:
                view = view[out.write(view) :]
            records.append(record)
    return records


def _decode(job: Job, size: int) -> tuple[Record, np.ndarray]:
    data = read(job.path)
    if sha256(data).hexdigest() != job.digest:
        raise Undecodable("unreadable", "it changed while it was being read")
    decoded = decode(data, target=size)
    pixels = square(decoded.image, size)
    red, green, blue = pixels.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    record = Record(
        job.row,
        decoded.width,
        decoded.height,
        decoded.mode,
        decoded.format,
        "; ".join(decoded.notes),
        round(float(0.299 * red + 0.587 * green + 0.114 * blue), 2),
        zlib.crc32(pixels.data),
    )
    return record, pixels


def cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def pool(workers: int, **options: Any) -> ProcessPool:
    """A Pebble pool whose processes are fresh ones: never forked from this one, which may have torch's threads.

    Args:
        workers: how many processes.
        options: as of `pebble.ProcessPool`.
    """
    return ProcessPool(max_workers=workers, context=_context(), **options)


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return _SpawnContext()
    context = _ForkServerContext()
    # The server loads the decoders once; each process is then forked from it, ready to work.
    context.set_forkserver_preload([__name__])
    return context


_swap = threading.Lock()


@contextmanager
def _main_hidden() -> Iterator[None]:
    """While a process is described to its starter, pretend that there is no `__main__`.

    Otherwise each new process would run the user's script again: slow at best, and without the
    `if __name__ == "__main__"` line, which no user of a two-line script should need, an endless loop.
    """
    with _swap:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class _ForkServerProcess(multiprocessing.context.ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _main_hidden():
            return multiprocessing.context.ForkServerProcess._Popen(process_obj)


class _ForkServerContext(multiprocessing.context.ForkServerContext):
    Process = _ForkServerProcess


class _SpawnProcess(multiprocessing.context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _main_hidden():
            return multiprocessing.context.SpawnProcess._Popen(process_obj)


class _SpawnContext(multiprocessing.context.SpawnContext):
    Process = _SpawnProcess
