"""The models that answer, each behind its queue; loaded when first asked for, the least recently asked one making
way.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
from django.conf import settings

from sightline.judging.heat import neighbours
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Neighbour
from sightline.web import metrics
from sightline.web.answering.batching import Batcher, Closed, Full, TooLate
from sightline.web.answering.loading import Loaders
from sightline.web.answering.resemblance import remembered
from sightline.web.library.choice import answering
from sightline.web.library.shelf import Shelved
from sightline.web.replies import Refused, busy, restarting, too_late

_LOADED = 2  # models in memory at once
_NEIGHBOURS = 4
_WARMING = 600.0  # seconds that nobody waits for
_COMPUTE = 60.0  # seconds after which even a begun prediction is given up

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What the model says of one photo."""

    predicted: str
    confidence: float
    probabilities: dict[str, float]
    set: tuple[str, ...]
    familiar: bool
    decision: str
    """answer, unsure or unfamiliar."""
    neighbours: tuple[Neighbour, ...] = ()
    """The nearest training photos."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        near = [neighbour.to_dict() for neighbour in self.neighbours]
        return {**asdict(self), "set": list(self.set), "neighbours": near}


class Desk:
    """One run's model and its queue."""

    def __init__(self, predictor: Predictor, run: Shelved) -> None:
        options = settings.SIGHTLINE
        self.predictor, self.run = predictor, run.name
        self._remembered = remembered(run.folder)
        self.batcher: Batcher[Answer] = Batcher(
            self._answers,
            batch=options.batch if options.batching else 1,
            room=options.queue,
            share=options.share,
            deadline=options.deadline,
            observe=metrics.batch_done,
        )

    def _answers(self, pixels: np.ndarray) -> list[Answer]:
        out = self.predictor.outputs(pixels)
        classes = self.predictor.classes
        near = neighbours(self.predictor, out.embeddings, self._remembered, most=_NEIGHBOURS)
        return [
            Answer(
                predicted=classes[int(p.argmax())],
                confidence=float(p.max()),
                probabilities={name: float(value) for name, value in zip(classes, p, strict=True)},
                set=tuple(name for name, inside in zip(classes, members, strict=True) if inside),
                familiar=bool(familiar),
                decision=str(decision),
                neighbours=tuple(like),
            )
            for p, members, familiar, decision, like in zip(
                out.probabilities, out.sets, out.familiar, out.decisions, near, strict=True
            )
        ]

    @contextmanager
    def room(
        self, photos: int = 1, *, client: str = "", until: float | None = None, patient: bool = False
    ) -> Iterator[float]:
        """Room for some photos, before anything is spent on them; yields the deadline.

        Args:
            photos: as in `Batcher.admit`.
            client: as there.
            until: as there.
            patient: as there.

        Raises:
            Refused: 503, with the time after which there should be room.
        """
        try:
            with self.batcher.admit(photos, client=client, until=until, patient=patient) as moment:
                yield moment
        except Full as full:
            raise busy(full.retry_after) from None
        except Closed:
            raise restarting() from None

    def answer(self, pixels: np.ndarray, until: float) -> Future[Answer]:
        """Queue a photo (S, S, 3), inside `room`; `wait` for the future."""
        return self.batcher.put(pixels, until)


def deadline() -> float:
    """The moment (`time.monotonic`) until which an answer that is asked for now must have been begun."""
    return time.monotonic() + float(settings.SIGHTLINE.deadline)


def wait(future: Future[T], until: float) -> T:
    """The future's value. What was not begun by `until` is called off.

    Raises:
        Refused: 504, the deadline passed before the work was begun, or it took too long.
    """
    try:
        try:
            return future.result(timeout=max(0.0, until - time.monotonic()))
        except Late:
            if future.cancel():
                raise
            return future.result(timeout=_COMPUTE)
    except (TooLate, Late):
        raise too_late() from None


class Desks:
    """All of them."""

    def __init__(self) -> None:
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()
        self._loaders: Loaders[Desk] = Loaders()
        self._closed = False
        metrics.INSIDE.set_function(lambda: sum(desk.batcher.inside for desk in self.loaded))

    def get(self, name: str = "", until: float | None = None) -> Desk:
        """The desk of a run; of the newest finished one where no name is given.

        Args:
            name: the run.
            until: the moment (`time.monotonic`) until which to wait for a model that is not in memory yet; the site's
                deadline from now if not given.

        Raises:
            Refused: 404 no such run, 409 it has no model that can be loaded, 503 it is not in memory yet.
        """
        chosen = answering(name)
        with self._lock:
            if chosen.key in self._desks:
                self._desks.move_to_end(chosen.key)
                return self._desks[chosen.key]
            if self._closed:
                raise restarting()
        return self._loaders.get(
            chosen.key, chosen.name, lambda: self._load(chosen), deadline() if until is None else until
        )

    def _load(self, run: Shelved) -> Desk:
        """Load outside the lock, which every request needs."""
        with self._lock:
            if run.key in self._desks:  # it arrived a moment ago
                return self._desks[run.key]
        desk = Desk(Predictor.load(run.folder.path, settings.SIGHTLINE.device), run)
        with self._lock:
            self._desks[run.key] = desk
            idle = [key for key, old in self._desks.items() if not old.batcher.inside and key != run.key]
            if len(self._desks) > _LOADED and idle:
                self._desks.pop(idle[0]).batcher.close(patience=0)
        return desk

    @property
    def loaded(self) -> list[Desk]:
        """Those in memory."""
        return list(self._desks.values())

    def turn_away(self) -> None:
        """Before anything of a request is read: is there room for a photo anywhere?

        A look at a few numbers, so that saying no costs next to nothing, however many ask. `Desk.room` counts exactly.

        Raises:
            Refused: 503, every loaded model's house is full.
        """
        full = [desk.batcher.busy for desk in self.loaded]
        if full and all(full):
            raise busy(min(full))

    @property
    def closed(self) -> bool:
        """Whether the site is shutting down."""
        return self._closed

    def warm(self) -> None:
        """Load the model that answers by default, if there is one."""
        with contextlib.suppress(Refused):
            self.get(until=time.monotonic() + _WARMING)

    def close(self) -> None:
        """Answer everyone inside, let nobody in."""
        self._closed = True
        for desk in self.loaded:
            desk.batcher.close()


@cache
def desks() -> Desks:
    """The process's own."""
    return Desks()
