"""Photos of many requests, predicted together: a bounded queue and one worker thread.

The worker takes whatever waits, up to a batch; while the network computes, the next batch gathers by itself, so
nobody waits for company on a quiet site. The bound counts everything that was let in and not yet answered, decoding
included, so that a full house is known before any work is spent on a newcomer. One client holds a share of it at most.
"""

# ruff: noqa: ARG005  (who calls decides what is given)

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

Answer = TypeVar("Answer")


class Full(Exception):
    """The house is full; `retry_after` seconds from now it should not be."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("full")
        self.retry_after = retry_after


class TooLate(Exception):
    """The deadline passed before the work was begun."""


class Closed(Exception):
    """The site is shutting down."""


@dataclass
class _Waiting(Generic[Answer]):
    work: np.ndarray | Callable[[], Any]
    until: float
    answer: Future[Answer] = field(default_factory=Future)


class Batcher(Generic[Answer]):
    """A network behind a bounded queue.

    Args:
        predict: photos (n, S, S, 3) uint8 -> n answers, in order. Called from one thread only.
        batch: photos predicted together, at most.
        room: photos in the house, at most.
        share: how many of them may be one client's; all of them if not given.
        deadline: seconds within which a photo's prediction must have begun.
        observe: called with (photos, seconds) after each batch.
    """

    def __init__(
        self,
        predict: Callable[[np.ndarray], Sequence[Answer]],
        *,
        batch: int = 16,
        room: int = 48,
        share: int | None = None,
        deadline: float = 10.0,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        self._predict, self._batch, self._deadline = predict, batch, deadline
        self._room, self._share = room, share or room
        self._observe = observe or (lambda photos, seconds: None)
        self._queue: deque[_Waiting[Any]] = deque()
        self._changed = threading.Condition()
        self._inside = 0
        self._of: Counter[str] = Counter()  # client -> photos inside
        self._closed = False
        self._seconds_each = 0.05  # a running mean, for Retry-After
        self._thread = threading.Thread(target=self._run, name="predict", daemon=True)
        self._thread.start()

    @property
    def inside(self) -> int:
        """Photos that were let in and are not answered yet."""
        return self._inside

    @property
    def busy(self) -> float:
        """0 while there is room; otherwise the seconds after which there should be."""
        return max(1.0, self._inside * self._seconds_each) if self._inside >= self._room else 0.0

    @contextmanager
    def admit(
        self, photos: int = 1, *, client: str = "", until: float | None = None, patient: bool = False
    ) -> Iterator[float]:
        """Hold room for some photos; yields the moment (`time.monotonic`) until which their prediction must have begun.

        More photos than the whole house holds are let in when it is empty, so that no request is refused forever.

        Args:
            photos: how many.
            client: whose; nobody holds more than their share.
            until: that moment, where it is known already; otherwise the deadline counts from now.
            patient: wait for room until then, instead of being told at once that there is none.

        Raises:
            Full: there is not that much room.
            Closed: the site is shutting down.
        """
        until = time.monotonic() + self._deadline if until is None else until
        with self._changed:
            if patient:
                self._changed.wait_for(lambda: self._closed or self._fits(photos, client), until - time.monotonic())
            if self._closed:
                raise Closed
            if not self._fits(photos, client):
                raise Full(max(1.0, self._inside * self._seconds_each))
            self._inside += photos
            self._of[client] += photos
        try:
            yield until
        finally:
            with self._changed:
                self._inside -= photos
                self._of[client] -= photos
                self._of += Counter()  # drops those who have nothing inside
                self._changed.notify_all()

    def _fits(self, photos: int, client: str) -> bool:
        mine = self._of[client]
        return (not self._inside or self._inside + photos <= self._room) and (not mine or mine + photos <= self._share)

    def put(self, pixels: np.ndarray, until: float) -> Future[Answer]:
        """Queue one photo (S, S, 3) uint8, inside `admit`. Its future holds the answer, or raises TooLate."""
        return self._put(pixels, until)

    def call(self, work: Callable[[], Any], until: float) -> Future[Any]:
        """Queue any other work that needs the network to itself, inside `admit`."""
        return self._put(work, until)

    def close(self, patience: float = 30.0) -> None:
        """Let nobody in any more, answer everyone inside, end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._inside, patience)
        self._thread.join(patience)

    def _put(self, work: np.ndarray | Callable[[], Any], until: float) -> Future[Any]:
        waiting: _Waiting[Any] = _Waiting(work, until)
        with self._changed:
            self._queue.append(waiting)
            self._changed.notify_all()
        return waiting.answer

    def _take(self) -> list[_Waiting[Any]]:
        """The next batch: photos in the order they came, or one piece of other work; empty when all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or (self._closed and not self._inside))
            taken: list[_Waiting[Any]] = []
            while self._queue and len(taken) < self._batch:
                if callable(self._queue[0].work):
                    return taken or [self._queue.popleft()]
                taken.append(self._queue.popleft())
            return taken

    def _run(self) -> None:
        while taken := self._take():
            now = time.monotonic()
            # From here on whoever waits can no longer call it off; those who did so are passed over.
            wanted = [waiting for waiting in taken if waiting.answer.set_running_or_notify_cancel()]
            for waiting in wanted:
                if waiting.until < now:
                    waiting.answer.set_exception(TooLate())
            ready = [waiting for waiting in wanted if waiting.until >= now]
            if not ready:
                continue
            try:
                answers = (
                    [ready[0].work()]
                    if callable(ready[0].work)
                    else self._predict(np.stack([np.asarray(w.work) for w in ready]))
                )
                if len(answers) != len(ready):
                    raise RuntimeError(f"{len(ready)} photos got {len(answers)} answers")
            except Exception as error:  # whoever waits must hear of it; the thread goes on
                for waiting in ready:
                    waiting.answer.set_exception(error)
                continue
            spent = time.monotonic() - now
            for waiting, answer in zip(ready, answers, strict=True):
                waiting.answer.set_result(answer)
            self._seconds_each += 0.2 * (spent / len(ready) - self._seconds_each)
            self._observe(len(ready), spent)
