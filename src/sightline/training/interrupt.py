"""Ctrl-C during a training: the step under way is finished and everything kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sightline.errors import Interrupted


class Stopped(Interrupted):
    """The person asked the training to stop; all is kept."""


@contextmanager
def stop_between_steps() -> Iterator[threading.Event]:
    """Ctrl-C asks the loop to stop after the step under way; a second one stops at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
