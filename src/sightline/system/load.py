"""How much of this machine other processes are using, where the system says so."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sightline.system.processes import cores

BUSY = 0.15
"""The share of the cores' time above which timings are not to be trusted."""

_STATUS = Path("/proc/stat")


class Neighbours:
    """From when it is made: the share of the cores' time that went to other processes."""

    def __init__(self) -> None:
        self._started, self._all, self._own = time.monotonic(), _everybody(), _own()

    def share(self) -> float | None:
        """Of all cores' time, 0-1; None where the system does not tell."""
        everybody = _everybody()
        seconds = (time.monotonic() - self._started) * cores()
        if everybody is None or self._all is None or seconds <= 0:
            return None
        others = (everybody - self._all) - (_own() - self._own)
        return min(1.0, max(0.0, others / seconds))

    @property
    def are_busy(self) -> bool:
        """Whether they took enough to spoil a timing."""
        share = self.share()
        return share is not None and share > BUSY


def _own() -> float:
    """Seconds of processor time that this process and its ended children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _everybody() -> float | None:
    """Seconds of processor time that all processes of this machine have used."""
    try:
        user, nice, system = _STATUS.read_text(encoding="ascii").split(maxsplit=4)[1:4]
        return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
