"""Which training photos the model remembers: up to a few thousand, by name, in the order of its memory."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import PurePosixPath

from sightline.runs.documents.extras import Neighbours
from sightline.runs.folder import RunFolder

_log = logging.getLogger(__name__)


def remembered(run: RunFolder) -> Neighbours:
    """Paths and labels; both empty where the run does not know, or names what cannot be photos of its dataset."""
    file = run.path / "extras" / "neighbours.json"
    return _remembered(str(run.path), file.stat().st_mtime_ns) if file.is_file() else Neighbours()


@lru_cache(maxsize=4)
def _remembered(path: str, written: int) -> Neighbours:  # noqa: ARG001  (read again when it was written again)
    try:
        found = RunFolder(path).extra(Neighbours) or Neighbours()
    except Exception as error:  # whatever a damaged file makes of itself; the model answers without it
        _log.warning("%s: extras/neighbours.json cannot be read", path, exc_info=error)
        return Neighbours()
    if all(map(_inside, found.paths)):
        return found
    _log.warning("%s: extras/neighbours.json names what is not in the dataset; it is not used", path)
    return Neighbours()


def _inside(text: str) -> bool:
    path = PurePosixPath(text)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in text
