"""Which training photos the model remembers: up to a few thousand, by name, in the order of its memory."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import PurePosixPath

from sightline.runs.folder import RunFolder

_log = logging.getLogger(__name__)
_NOTHING: dict[str, list[str]] = {"paths": [], "labels": []}


def remembered(run: RunFolder) -> dict[str, list[str]]:
    """paths and labels; both empty where the run does not know, or names what cannot be photos of its dataset."""
    file = run.path / "extras" / "neighbours.json"
    return _remembered(str(run.path), file.stat().st_mtime_ns) if file.is_file() else _NOTHING


@lru_cache(maxsize=4)
def _remembered(path: str, written: int) -> dict[str, list[str]]:  # noqa: ARG001  (read again when it was written again)
    try:
        found = RunFolder(path).extra("neighbours")
        paths, labels = list(found.get("paths", [])), list(found.get("labels", []))
    except Exception as error:  # whatever a damaged file makes of itself; the model answers without it
        _log.warning("%s: extras/neighbours.json cannot be read", path, exc_info=error)
        return _NOTHING
    texts = all(isinstance(text, str) for text in paths + labels)
    if not texts or len(paths) != len(labels) or not all(_inside(text) for text in paths):
        _log.warning("%s: extras/neighbours.json names what is not in the dataset; it is not used", path)
        return _NOTHING
    return {"paths": paths, "labels": labels}


def _inside(text: str) -> bool:
    path = PurePosixPath(text)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in text
