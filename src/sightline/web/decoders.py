"""Whose photo is decoded next: a few processes, killed at their limit, shared fairly between those who ask.

A client holds a quarter of the processes at most (one, on a small machine), and the next free one goes to the client
that was served longest ago. So whoever sends a hundred photos that take for ever waits behind themselves, and
everybody else goes on. Nobody waits beyond their deadline.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from sightline.config import Fit
from sightline.data.decoding.decode import Undecodable
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.quarantine import Quarantine
from sightline.system.processes import cores
from sightline.web.look import Look, look
from sightline.web.replies import too_late

SECONDS = 5.0
"""How long one photo may take to decode."""

_REMEMBERED = 10_000  # clients; who is forgotten counts as never served


@dataclass(frozen=True, eq=False)
class _Ticket:
    client: str
    number: int


class Turns:
    """Who may go next, of those who wait for one of a few places.

    Args:
        places: how many may be inside.
        each: how many of them one client may hold.
    """

    def __init__(self, places: int, each: int = 1) -> None:
        self._free, self._each = places, each
        self._waiting: list[_Ticket] = []
        self._inside: Counter[str] = Counter()
        self._served: OrderedDict[str, int] = OrderedDict()  # client -> when last, as a number that grows
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, client: str, until: float) -> Iterator[None]:
        """Hold a place.

        Args:
            client: who asks.
            until: the moment (`time.monotonic`) until which it is worth waiting.

        Raises:
            Refused: 504, there was no place in time.
        """
        with self._changed:
            ticket = _Ticket(client, next(self._numbers))
            self._waiting.append(ticket)
            try:
                if not self._changed.wait_for(lambda: self._next() is ticket, until - time.monotonic()):
                    raise too_late()
                self._free -= 1
                self._inside[client] += 1
                self._note(client)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._inside[client] -= 1
                self._inside += Counter()  # drops those who hold nothing
                self._changed.notify_all()

    def _next(self) -> _Ticket | None:
        able = [ticket for ticket in self._waiting if self._inside[ticket.client] < self._each] if self._free else []
        return min(able, key=lambda ticket: (self._served.get(ticket.client, 0), ticket.number), default=None)

    def _note(self, client: str) -> None:
        self._served[client] = next(self._numbers)
        self._served.move_to_end(client)
        while len(self._served) > _REMEMBERED:
            self._served.popitem(last=False)


class Decoders:
    """The processes behind their door.

    Args:
        workers: how many processes; one per core if not given.
    """

    def __init__(self, workers: int | None = None) -> None:
        places = workers or cores()
        self._turns = Turns(places, max(1, places // 4))
        self._processes = Quarantine(places)

    def look(
        self,
        source: bytes | str,
        max_pixels: int,
        *,
        size: int = 0,
        fit: Fit = "crop",
        white: int = FULL,
        side: int = 0,
        quality: int = 86,
        digest: str | None = None,
        client: str = "",
        until: float,
    ) -> Look:
        """As `look.look`, in turn.

        Args:
            source: the bytes of an image file, or the path of one.
            max_pixels: as there.
            size: as there.
            fit: as there.
            white: as there.
            side: as there.
            quality: as there.
            digest: as there.
            client: who asks.
            until: the moment (`time.monotonic`) at which all must be over.

        Raises:
            Undecodable: the picture cannot be had, or takes more than `SECONDS`.
            Refused: 504, its turn did not come in time.
        """
        with self._turns.turn(client, until):
            left = until - time.monotonic()
            if left <= 0:
                raise too_late()
            arguments = (source, max_pixels, size, fit, white, side, quality, digest)
            try:
                return self._processes.run(look, arguments, seconds=min(SECONDS, left), patience=left + 1)
            except Undecodable as error:
                if error.problem == "timeout" and left < SECONDS:  # its own time had not run out
                    raise too_late() from None
                raise

    def close(self) -> None:
        """Stop the processes. The next photo starts them again."""
        self._processes.close()


@cache
def decoders() -> Decoders:
    """The process's own."""
    return Decoders()
