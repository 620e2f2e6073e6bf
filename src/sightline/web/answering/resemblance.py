"""Which training photos the model remembers: up to a few thousand, by name, in the order of its memory."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from functools import lru_cache

from sightline.runs.folder import RunFolder


@lru_cache(maxsize=4)
def _remembered(path: str, written: int) -> dict[str, list[str]]:
    return RunFolder(path).extra("neighbours")


def remembered(run: RunFolder) -> dict[str, list[str]]:
    """paths and labels; both empty where the run does not know."""
    file = run.path / "extras" / "neighbours.json"
    found = _remembered(str(run.path), file.stat().st_mtime_ns) if file.is_file() else {}
    return {"paths": found.get("paths", []), "labels": found.get("labels", [])}
