"""Decode jobs, run in processes that may hang or die without more harm than the loss of one file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from sightline.config import Fit
from sightline.data.decoding import decoders
from sightline.data.decoding.decoders import Job, Record
from sightline.data.decoding.deep import FULL
from sightline.errors import SightlineError
from sightline.system.processes import cores, limit_of_memory

CHUNK_SECONDS = 30.0
"""How long a process may take over one chunk before it is stopped and the chunk's files are tried one by one."""
FILE_SECONDS = 60.0
"""How long it may take over one file by itself."""
CHUNK_FILES = 64

_CHUNK_BYTES = 2 << 20
_MOST_POOLS = 4
_NOT_RUNNING = (
    "The processes that decode photos are ended again and again: by hand, by this system, or for want of memory.\n"
    "Free some memory, or let fewer of them run (--workers 1)."
)
_SIGKILL = -9  # the exit code of a process that was killed from outside, as when memory runs out


def decode_all(
    todo: Sequence[Job],
    size: int,
    file: Path,
    offset: int,
    *,
    fit: Fit = "crop",
    white: int = FULL,
    workers: int | None,
    advance: Callable[[int], None],
) -> tuple[list[Record], bool]:
    """Decode photos into their rows of a pixel file.

    Args:
        todo: the photos.
        size: side of the squares in pixels.
        file: the pixel file, already as long as it will be.
        offset: where in it row 0 begins.
        fit: how the photos are made square.
        white: of their 16-bit samples, as in `decode`.
        workers: how many processes; one per core if not given.
        advance: is told how many photos are done.

    Returns:
        A record for each photo, and whether doing it again would give the same.

    Raises:
        SightlineError: the processes cannot be kept running.
        OSError: the pixel file cannot be written.
    """
    count = max(1, min(workers or cores(), len(todo)))
    records: list[Record] = []
    reproducible = True
    waiting = deque((chunk, False) for chunk in _chunks(todo))
    running: dict[Future[list[Record]], tuple[list[Job], bool]] = {}
    pool = decoders.pool(count)
    pools = 1
    try:
        while waiting or running:
            try:
                while waiting and len(running) < 3 * count:
                    chunk, alone = waiting[0]
                    seconds = FILE_SECONDS if alone else CHUNK_SECONDS
                    arguments = (chunk, size, str(file), offset, fit, white)
                    # A pool that is no more refuses it: the chunk must not have left the line by then.
                    begun = pool.schedule(decoders.fill, args=arguments, timeout=seconds)
                    running[begun] = waiting.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    error = _outcome(future)
                    chunk, alone = running.pop(future)
                    if error is None:
                        done = future.result()
                    elif alone:
                        done = [_failed(chunk[0], error)]
                        reproducible &= getattr(error, "exitcode", 0) != _SIGKILL
                    else:  # one of these files did it; which one shows when each has a process to itself
                        waiting.extend(([single], True) for single in chunk)
                        continue
                    records.extend(done)
                    advance(len(done))
            except (BrokenProcessPool, RuntimeError) as error:
                # A process was killed from outside between two chunks, which ends a Pebble pool. Another one, then.
                if pools == _MOST_POOLS:
                    raise SightlineError(_NOT_RUNNING + limit_of_memory()) from error
                waiting.extendleft(running.values())
                running.clear()
                _stop(pool)
                pool = decoders.pool(count)
                pools += 1
    finally:
        _stop(pool)
    if len(records) != len(todo):
        raise SightlineError(_NOT_RUNNING + limit_of_memory())
    return records, reproducible


def _outcome(future: Future[list[Record]]) -> BaseException | None:
    """None for a chunk that is done, the error of one whose process hung or died; any other error is raised."""
    try:
        future.result()
    except (TimeoutError, ProcessExpired) as error:
        return error
    return None


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _failed(job: Job, error: BaseException) -> Record:
    if isinstance(error, TimeoutError):
        return Record(job.row, problem="timeout", detail=f"decoding it took more than {FILE_SECONDS:.0f} seconds")
    return Record(job.row, problem="crash", detail="the decoder broke down over it, or ran out of memory")


def _chunks(todo: Sequence[Job]) -> Iterable[list[Job]]:
    """Files in small groups: enough to be worth a message, few enough for a smooth progress bar."""
    chunk: list[Job] = []
    weight = 0
    for job in todo:
        chunk.append(job)
        weight += job.bytes
        if len(chunk) == CHUNK_FILES or weight > _CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk
