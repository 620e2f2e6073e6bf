"""Processes that decode, and may hang or die in doing so: what they run, and how they are started.

This module and what it imports is all that such a process loads (numpy, Pillow, simplejpeg, Pebble), so that one
starts in milliseconds. Keep it so: no pandas, no torch.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pebble import ProcessPool

from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.fit import square
from sightline.data.decoding.intact import require_intact
from sightline.data.decoding.regular import read
from sightline.system import processes

if TYPE_CHECKING:
    from sightline.config import Fit


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


def fill(jobs: Sequence[Job], size: int, file: str, offset: int, fit: Fit = "crop", white: int = FULL) -> list[Record]:
    """Decode photos straight into their rows of a pixel file, so that no pixels travel between processes.

    Args:
        jobs: the photos.
        size: side of the squares in pixels.
        file: the pixel file, already as long as it will be.
        offset: where in it row 0 begins.
        fit: how the photos are made square.
        white: of their 16-bit samples, as in `decode`.

    Raises:
        OSError: the pixel file cannot be written.
    """
    records = []
    with open(file, "r+b", buffering=0) as out:
        for job in jobs:
            try:
                record, pixels = _decode(job, size, fit, white)
            except Undecodable as error:
                records.append(Record(job.row, problem=error.problem, detail=error.detail))
                continue
            out.seek(offset + job.row * pixels.nbytes)
            view = pixels.data.cast("B")
            while view:
                view = view[out.write(view) :]
            records.append(record)
    return records


def _decode(job: Job, size: int, fit: Fit, white: int) -> tuple[Record, np.ndarray]:
    data = read(job.path)
    if sha256(data).hexdigest() != job.digest:
        raise Undecodable("unreadable", "it changed while it was being read")
    decoded = decode(data, target=size, white=white)
    if decoded.format == "JPEG":
        require_intact(data)
    pixels = square(decoded.image, size, fit)
    red, green, blue = pixels.sum(axis=0, dtype=np.uint32).sum(axis=0) / size**2  # far faster than one `mean`
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


MEMORY = 4 << 30
"""Bytes, more than at its start, that a process which decodes may use: enough for 178 million pixels of any kind."""


def pool(workers: int, *, memory: int = MEMORY, max_tasks: int = 0) -> ProcessPool:
    """A Pebble pool whose processes are fresh ones: never forked from this one, which may have torch's threads.

    Args:
        workers: how many processes.
        memory: how many bytes more than at its start each may use, where the system can limit that; 0 for no limit.
        max_tasks: after how many tasks a process makes way for a fresh one; 0 for never.
    """
    # Each process is forked from a server that has loaded the decoders already.
    context = processes.context(__name__)
    return ProcessPool(workers, max_tasks, initializer=_begin, initargs=(memory,), context=context)


def _begin(memory: int) -> None:
    """In the new process, before its first task."""
    # libtiff prints what it thinks of damaged files past Python, straight into the progress bar.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    status = Path("/proc/self/statm")
    if memory and status.exists():
        import resource

        in_use = int(status.read_text().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = in_use + memory
        resource.setrlimit(resource.RLIMIT_AS, (soft if hard < 0 else min(soft, hard), hard))
