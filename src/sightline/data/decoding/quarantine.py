"""Pictures from anybody: what could hang, swell or kill is decoded in a process of its own, which can be stopped.

The processes stay up between pictures. Each has a limit on its memory; the time limit counts from when a process
begins on the picture. What `screen.py` knows to be harmless, which is nearly every photo, is decoded where it is asked
for, at no such cost.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from pebble import ProcessExpired, ProcessPool
from PIL import Image

from sightline.data.decoding import decoders
from sightline.data.decoding.decode import Decoded, Undecodable, decode, dimensions
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.fit import square
from sightline.data.decoding.opening import MAX_PIXELS, file_format, named
from sightline.data.decoding.peak import peak
from sightline.data.decoding.regular import head, read
from sightline.data.decoding.screen import screened
from sightline.data.decoding.signatures import HEADER_BYTES
from sightline.system.processes import cores

if TYPE_CHECKING:
    from sightline.config import Fit

Answer = TypeVar("Answer")

SECONDS = 15.0
"""How long a decoder may take over one photo before it is stopped."""

_MEMORY = 3 << 30
_RENEWED_AFTER = 1000  # pictures, after which a process makes way for a fresh one, in case a library leaks
_SCREENED = ("JPEG", "PNG", "WEBP")  # formats of which `screen` can say that a file is harmless

Source: TypeAlias = Path | str | bytes | bytearray | memoryview | Image.Image | np.ndarray


def decode_untrusted(
    data: bytes, *, seconds: float = 10.0, max_pixels: int = 50_000_000, target: int | None = None
) -> Decoded:
    """As `decode` for the bytes of a picture, always in another process. Safe to call from many threads.

    Args:
        data: the bytes of an image file.
        seconds: how long decoding may take. A call may wait as long again, and five seconds more, for a free process.
        max_pixels: the most pixels that are decoded.
        target: as in `decode`.

    Raises:
        Undecodable: as `decode`, and "timeout" or "crash".
    """
    _is_harmless(data)  # what is refused anyway takes no process from others
    return _shared.decode(data, seconds, max_pixels, target)


def decode_guarded(
    source: Source, *, target: int | None = None, white: int | None = FULL, seconds: float = SECONDS
) -> Decoded:
    """As `decode`, in another process where the file could do harm.

    Args:
        source: as in `decode`.
        target: as in `decode`.
        white: as in `decode`.
        seconds: as in `decode_untrusted`.

    Raises:
        Undecodable: as `decode`, and "timeout" or "crash".
    """
    found, harmless = _look_over(source)
    if harmless:
        return decode(found, target=target, white=white)
    return _shared.decode(found, seconds, MAX_PIXELS, target, white)


def square_guarded(
    source: Source, size: int, fit: Fit = "crop", white: int | None = FULL, *, seconds: float = SECONDS
) -> np.ndarray:
    """`square` of what `decode` finds, in another process where the file could do harm.

    Args:
        source: as in `decode`.
        size: side of the square in pixels.
        fit: how the picture is made square, as in `square`.
        white: as in `decode`.
        seconds: as in `decode_untrusted`.

    Returns:
        (size, size, 3) uint8.

    Raises:
        Undecodable: as `decode`, and "timeout" or "crash".
    """
    found, harmless = _look_over(source)
    pixels = (
        _square(found, size, fit, white)
        if harmless
        else _shared.run(_square, (found, size, fit, white), seconds=seconds)
    )
    return np.asarray(pixels)


def peak_guarded(path: Path | str, *, seconds: float = SECONDS) -> int:
    """As `peak`, in another process where the file could do harm.

    Args:
        path: a file.
        seconds: as in `decode_untrusted`.

    Raises:
        Undecodable: as `peak`, and "timeout" or "crash".
    """
    _, harmless = _look_over(path)
    return peak(path) if harmless else _shared.run(peak, (_where(path),), seconds=seconds)


def dimensions_guarded(path: Path | str, *, seconds: float = SECONDS) -> tuple[int, int]:
    """As `decode.dimensions`, in another process where the file could do harm.

    Args:
        path: an image file.
        seconds: as in `decode_untrusted`.

    Raises:
        Undecodable: as `dimensions`, and "timeout" or "crash".
    """
    _, harmless = _look_over(path)
    width, height = dimensions(path) if harmless else _shared.run(dimensions, (_where(path),), seconds=seconds)
    return width, height


def _look_over(source: Source) -> tuple[Any, bool]:
    """What to decode, and whether that can be done here.

    A harmless file is given as its bytes, so that what is decoded is what was looked at.
    """
    if isinstance(source, (np.ndarray, Image.Image)):
        return source, True
    if isinstance(source, (Path, str)):
        start = head(source, HEADER_BYTES)
        if file_format(start, os.fspath(source)) not in _SCREENED:
            return _where(source), False
        data = read(source)
    else:
        data = bytes(source)
    if _is_harmless(data):
        return data, True
    return (_where(source) if isinstance(source, (Path, str)) else data), False


def _is_harmless(data: bytes) -> bool:
    fmt = file_format(data[:HEADER_BYTES])
    with named(b"", fmt):  # whatever looking it over trips over is a reason like any other
        return screened(data, fmt).harmless


def _where(path: Path | str) -> str:
    return str(Path(path).absolute())  # the other process may stand in another folder


class Quarantine:
    """A few processes for decoding, started when first needed and again whenever something happens to them."""

    def __init__(self, workers: int | None = None, memory: int = _MEMORY) -> None:
        """
        Args:
            workers: how many processes; one per core if not given.
            memory: how many bytes more than at its start each may use, where the system can limit that.
        """
        self._workers = workers or cores()
        self._memory = memory
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._owner = 0

    def decode(
        self, source: bytes | str, seconds: float, max_pixels: int, target: int | None, white: int | None = FULL
    ) -> Decoded:
        """See `decode_untrusted`."""
        arguments = (source, max_pixels, target, white)
        raw, size, width, height, mode, fmt, notes = self.run(_decode, arguments, seconds=seconds)
        return Decoded(Image.frombytes("RGB", size, raw), width, height, mode, fmt, notes)

    def close(self) -> None:
        """Stop the processes. The next picture starts them again."""
        with self._lock:
            self._stop()

    def run(
        self,
        function: Callable[..., Answer],
        arguments: tuple[Any, ...],
        *,
        seconds: float,
        patience: float | None = None,
    ) -> Answer:
        """Call any function that decodes in one of the processes.

        Args:
            function: one that can be imported; it and its module are all that the process loads beside the decoders.
            arguments: what it is called with.
            seconds: how long it may take; then its process is killed.
            patience: how long to wait in all, for a free process too; None: twice `seconds`, and five more.

        Raises:
            Undecodable: as the function, and "timeout" or "crash".
        """
        for attempt in range(2):
            pool = self._running()
            try:
                future = pool.schedule(function, args=arguments, timeout=seconds)
                answer: Answer = future.result(timeout=2 * seconds + 5 if patience is None else patience)
                return answer
            except TimeoutError as error:
                detail = f"decoding it took more than {seconds:g} seconds"
                if not future.done():
                    future.cancel()  # type: ignore[no-untyped-call]
                    detail = "all decoding processes were busy; try again later"
                raise Undecodable("timeout", detail) from error
            except ProcessExpired as error:
                raise Undecodable("crash", "the decoder broke down over it, or ran out of memory") from error
            except MemoryError as error:
                raise Undecodable("too-large", "it does not fit in memory") from error
            except (BrokenProcessPool, RuntimeError) as error:
                # A process was killed between two pictures, which ends a Pebble pool. This picture did nothing wrong.
                with self._lock:
                    if self._pool is pool:
                        self._stop()
                if attempt:
                    raise Undecodable("crash", "the processes that decode pictures cannot be started") from error
        raise AssertionError("unreachable")

    def _running(self) -> ProcessPool:
        with self._lock:
            if self._pool is not None and self._owner != os.getpid():
                self._pool = None  # this process was forked from the one that has the pool, as web servers do
            if self._pool is None:
                self._pool = decoders.pool(self._workers, memory=self._memory, max_tasks=_RENEWED_AFTER)
                self._owner = os.getpid()
            return self._pool

    def _stop(self) -> None:
        if self._pool is not None and self._owner == os.getpid():
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
        self._pool = None


_shared = Quarantine()


def _decode(source: bytes | str, max_pixels: int, target: int | None, white: int | None) -> tuple[Any, ...]:
    """In the other process. The picture travels back as plain bytes."""
    found = decode(source, max_pixels=max_pixels, target=target, white=white)
    image = found.image
    return image.tobytes(), image.size, found.width, found.height, found.mode, found.format, found.notes


def _square(source: Source, size: int, fit: Fit, white: int | None) -> np.ndarray:
    """In the other process, or in this one."""
    return square(decode(source, target=size, white=white).image, size, fit)
