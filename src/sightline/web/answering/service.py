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

from sightline.errors import SightlineError
from sightline.judging.heat import neighbours
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Neighbour
from sightline.web import metrics
from sightline.web.answering.batching import Batcher, Closed, Full, TooLate
from sightline.web.answering.resemblance import remembered
from sightline.web.library import shelf
from sightline.web.replies import Refused

_LOADED = 2  # models in memory at once
_NEIGHBOURS = 4
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

    def __init__(self, predictor: Predictor, run: shelf.Shelved) -> None:
        options = settings.SIGHTLINE
        self.predictor, self.run = predictor, run.name
        self._remembered = remembered(run.folder)
        self.batcher: Batcher[Answer] = Batcher(
            self._answers,
            batch=options.batch if options.batching else 1,
            room=options.queue,
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
    def room(self, photos: int = 1) -> Iterator[float]:
        """Room for some photos, before anything is spent on them; yields the deadline.

        Raises:
            Refused: 503, with the time after which there should be room.
        """
        try:
            with self.batcher.admit(photos) as until:
                yield until
        except Full as full:
            raise _full(full.retry_after) from None
        except Closed:
            metrics.refused("closed")
            raise Refused(503, "The site is restarting. Please try again in a moment.", 5) from None

    def answer(self, pixels: np.ndarray, until: float) -> Future[Answer]:
        """Queue a photo (S, S, 3), inside `room`; `wait` for the future."""
        return self.batcher.put(pixels, until)


def _full(retry_after: float) -> Refused:
    metrics.refused("full")
    return Refused(503, "The site is busy just now. Please try again in a moment.", retry_after)


def wait(future: Future[T], until: float) -> T:
    """The future's value.

    Raises:
        Refused: 504, the deadline passed before the work was begun or it took too long.
    """
    try:
        return future.result(timeout=max(0.0, until - time.monotonic()) + _COMPUTE)
    except (TooLate, Late):
        metrics.refused("late")
        raise Refused(504, "The answer took too long; the photo was not looked at. Please try again.", 2) from None


class Desks:
    """All of them."""

    def __init__(self) -> None:
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False
        metrics.INSIDE.set_function(lambda: sum(desk.batcher.inside for desk in self.loaded))

    def get(self, name: str = "") -> Desk:
        """The desk of a run; of the newest finished one where no name is given.

        Raises:
            Refused: 404 no such run, 409 it has no model that can be loaded.
        """
        chosen = shelf.answering(name)
        with self._lock:
            if chosen.key in self._desks:
                self._desks.move_to_end(chosen.key)
                return self._desks[chosen.key]
            if self._closed:
                raise Refused(503, "The site is restarting. Please try again in a moment.", 5)
            try:
                desk = Desk(Predictor.load(chosen.folder.path, settings.SIGHTLINE.device), chosen)
            except SightlineError as error:
                raise Refused(409, f"The model of {chosen.name} cannot be loaded: {error}") from None
            self._desks[chosen.key] = desk
            idle = [key for key, old in self._desks.items() if not old.batcher.inside and key != chosen.key]
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
        busy = [desk.batcher.busy for desk in self.loaded]
        if busy and all(busy):
            raise _full(min(busy))

    @property
    def closed(self) -> bool:
        """Whether the site is shutting down."""
        return self._closed

    def warm(self) -> None:
        """Load the model that answers by default, if there is one."""
        with contextlib.suppress(Refused):
            self.get()

    def close(self) -> None:
        """Answer everyone inside, let nobody in."""
        self._closed = True
        for desk in self.loaded:
            desk.batcher.close()


@cache
def desks() -> Desks:
    """The process's own."""
    return Desks()
