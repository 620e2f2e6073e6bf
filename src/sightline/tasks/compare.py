"""Two runs or more -> whether one is better, paired on the same test photos."""

from __future__ import annotations

from pathlib import Path

from sightline.judging import compare as comparing
from sightline.judging.comparison import Comparison
from sightline.runs.folder import RunFolder


def compare(*runs: str | Path) -> Comparison:
    """Hold complete runs against the first of them, on the same test photos.

    Args:
        runs: two run folders or more.

    Returns:
        Figures, paired differences with intervals, and costs; `to_dict` gives what `sightline compare --json` prints.

    Raises:
        UsageError: fewer than two runs, or one of them is none.
        SightlineError: a run is not complete, or the runs were tested on different photos.
    """
    return comparing.compare([RunFolder.open(run) for run in runs])
