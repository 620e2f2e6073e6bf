"""The runs that this site serves: one run, or every run of a folder. Looked up afresh, since runs come and go."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sightline.runs.folder import RunFolder
from sightline.web.replies import Refused

_FRESH = 1.0  # seconds for which a look at the folder is believed
_lock = threading.Lock()
_seen: dict[Path, tuple[float, list[Shelved]]] = {}


@dataclass(frozen=True)
class Shelved:
    """One run of the site."""

    name: str
    folder: RunFolder

    @property
    def key(self) -> str:
        """Changes when the run's model does."""
        return f"{self.folder.path}:{stamp(self.folder.model / 'sightline.json')}"

    @property
    def complete(self) -> bool:
        """Whether it was evaluated, which is the last thing that a training does."""
        return (self.folder.path / "evaluation.json").is_file()

    @property
    def answers(self) -> bool:
        """Whether it has a model that can be asked."""
        return (self.folder.model / "sightline.json").is_file()

    @property
    def knows_photos(self) -> bool:
        """Whether it has written down its photos, which a training does first."""
        return (self.folder.path / "dataset.json").is_file()


def stamp(path: Path) -> int:
    """When a file was last written, in nanoseconds; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def shelved() -> list[Shelved]:
    """The runs, by name."""
    folder = settings.SIGHTLINE.runs
    now = time.monotonic()
    with _lock:
        since, found = _seen.get(folder, (-_FRESH, []))
        if now - since >= _FRESH:
            found = [Shelved(run.name, run) for run in RunFolder.all_in(folder)]
            _seen[folder] = (now, found)
        return found


def find(name: str) -> Shelved:
    """The run of this name.

    Raises:
        Refused: 404.
    """
    for run in shelved():
        if run.name == name:
            return run
    raise Refused(404, f"There is no run called {name[:100]} here.")
