"""Models on their way into memory: one loader for each run. Whoever wants that run waits for it; nobody else does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sightline.errors import SightlineError
from sightline.web.replies import Refused

_AT_ONCE = 2  # loaders; a model that is being loaded takes as much memory as one that answers
_PATIENCE = 180.0  # seconds after which a loader counts as lost, and its place is free
_REMEMBERED = 5.0  # seconds for which a failure is believed, so that asking again and again does no work

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass
class _Load(Generic[T]):
    done: Future[T] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)

    @property
    def under_way(self) -> bool:
        return not self.done.done() and time.monotonic() - self.since < _PATIENCE

    @property
    def stale(self) -> bool:
        return not self.under_way and time.monotonic() - self.since >= _REMEMBERED


class Loaders(Generic[T]):
    """Those at work, and those that failed a moment ago."""

    def __init__(self) -> None:
        self._loads: dict[str, _Load[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, name: str, load: Callable[[], T], until: float) -> T:
        """What `load` returns, called in a thread of its own unless that is going on already.

        Args:
            key: what is loaded; it changes with the files.
            name: what people call it.
            load: does the work and puts the result where the next one looks for it. It may take long, or never end.
            until: the moment (`time.monotonic`) until which to wait.

        Raises:
            Refused: 409 it cannot be loaded, 503 it is not there yet or too many others are being loaded.
        """
        with self._lock:
            self._loads = {other: entry for other, entry in self._loads.items() if not entry.stale}
            entry = self._loads.get(key)
            if entry is None:
                if sum(other.under_way for other in self._loads.values()) >= _AT_ONCE:
                    raise Refused(503, "Other models are being loaded just now. Please try again in a moment.", 5)
                entry = self._loads[key] = _Load()
                thread = threading.Thread(target=self._work, args=(key, entry, load), name="load", daemon=True)
                thread.start()
        try:
            return entry.done.result(max(0.0, until - time.monotonic()))
        except Late:
            raise Refused(503, f"The model of {name} is still being loaded. Please try again in a moment.", 5) from None
        except SightlineError as error:
            raise Refused(409, f"The model of {name} cannot be loaded: {error}") from None
        except Exception:  # whatever a library says of a damaged file is for the log
            raise Refused(409, f"The model of {name} cannot be loaded: its files are damaged.") from None

    def _work(self, key: str, entry: _Load[T], load: Callable[[], T]) -> None:
        try:
            loaded = load()
            with self._lock:  # from here on it is found where `load` put it
                if self._loads.get(key) is entry:
                    del self._loads[key]
            entry.done.set_result(loaded)
        except BaseException as error:
            if not isinstance(error, SightlineError):
                _log.error("A model cannot be loaded", exc_info=error)
            entry.since = time.monotonic()
            entry.done.set_exception(error)
