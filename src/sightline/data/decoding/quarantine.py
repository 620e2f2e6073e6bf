"""Pictures from strangers: decoded in a process of their own, which may hang, swell or die without harm to this one.

The processes stay up between pictures. Each has a limit on its memory; the time limit counts from when a process
begins on the picture.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool
from PIL import Image

from sightline.data.decoding import decoders
from sightline.data.decoding.decode import Decoded, Undecodable, decode
from sightline.system.processes import cores

Answer = TypeVar("Answer")

_MEMORY = 3 << 30
_RENEWED_AFTER = 1000  # pictures, after which a process makes way for a fresh one, in case a library leaks


def decode_untrusted(
    data: bytes, *, seconds: float = 10.0, max_pixels: int = 50_000_000, target: int | None = None
) -> Decoded:
    """As `decode` for the bytes of a picture, in another process. Safe to call from many threads.

    Args:
        data: the bytes of an image file.
        seconds: how long decoding may take. A call may wait as long again, and five seconds more, for a free process.
        max_pixels: the most pixels that are decoded.
        target: as in `decode`.

    Raises:
        Undecodable: as `decode`, and "timeout" or "crash".
    """
    return _shared.decode(data, seconds, max_pixels, target)


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

    def decode(self, data: bytes, seconds: float, max_pixels: int, target: int | None) -> Decoded:
        """See `decode_untrusted`."""
        values = self.run(_decode, (data, max_pixels, target), seconds=seconds, patience=2 * seconds + 5)
        raw, size, width, height, mode, fmt, notes = values
        return Decoded(Image.frombytes("RGB", size, raw), width, height, mode, fmt, notes)

    def close(self) -> None:
        """Stop the processes. The next picture starts them again."""
        with self._lock:
            self._stop()

    def run(
        self, function: Callable[..., Answer], arguments: tuple[Any, ...], *, seconds: float, patience: float
    ) -> Answer:
        """Call any function that decodes in one of the processes.

        Args:
            function: one that can be imported; it and its module are all that the process loads beside the decoders.
            arguments: what it is called with.
            seconds: how long it may take; then its process is killed.
            patience: how long to wait in all, for a free process too.

        Raises:
            Undecodable: as the function, and "timeout" or "crash".
        """
        for attempt in range(2):
            pool = self._running()
            try:
                future = pool.schedule(function, args=arguments, timeout=seconds)
                answer: Answer = future.result(timeout=patience)
                return answer
            except TimeoutError as error:
                detail = f"decoding it took more than {seconds:g} seconds"
                if not future.done():
                    future.cancel()  # type: ignore[no-untyped-call]
                    detail = "all decoding processes were busy; try again later"
                raise Undecodable("timeout", detail) from error
            except ProcessExpired as error:
                raise Undecodable("crash", "the decoder broke down over it, or ran out of memory") from error
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


def _decode(data: bytes, max_pixels: int, target: int | None) -> tuple[Any, ...]:
    """In the other process. The picture travels back as plain bytes."""
    found = decode(data, max_pixels=max_pixels, target=target)
    image = found.image
    return image.tobytes(), image.size, found.width, found.height, found.mode, found.format, found.notes
