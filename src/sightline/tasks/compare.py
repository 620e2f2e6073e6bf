"""Two runs or more -> whether one is better, paired on the same test photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sightline.judging import compare as comparing
from sightline.runs.folder import RunFolder


def compare(*runs: str | Path) -> dict[str, Any]:
    """Hold complete runs against the first of them, on the same test photos.

    Args:
        runs: two run folders or more.

    Returns:
        What `sightline compare --json` prints: figures, paired differences with intervals, and costs.

    Raises:
        UsageError: fewer than two runs, or one of them is none.
        SightlineError: a run is not complete, or the runs were tested on different photos.
    """
    return comparing.compare([RunFolder.open(run) for run in runs])
