"""Which training photos the model remembers: up to a few thousand, by name, in the order of its memory."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from functools import lru_cache

from sightline.runs.documents.extras import Neighbours
from sightline.runs.folder import RunFolder


@lru_cache(maxsize=4)
def _remembered(path: str, written: int) -> Neighbours:
    return RunFolder(path).extra(Neighbours) or Neighbours()


def remembered(run: RunFolder) -> Neighbours:
    """Paths and labels; both empty where the run does not know."""
    file = run.path / "extras" / "neighbours.json"
    return _remembered(str(run.path), file.stat().st_mtime_ns) if file.is_file() else Neighbours()
