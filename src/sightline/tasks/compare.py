"""Two runs or more -> whether one is better, paired on the same test photos."""

from __future__ import annotations

from pathlib import Path

from sightline.judging import compare as comparing
from sightline.judging.comparison import Comparison
from sightline.report import compare_page
from sightline.runs.folder import RunFolder


def compare(*runs: str | Path, out: str | Path | None = None) -> Comparison:
    """Hold complete runs against the first of them, on the same test photos.

    Args:
        runs: two run folders or more.
        out: where to write the page that shows it: a .html file, or a folder for compare.html; None: nowhere.

    Returns:
        Figures, paired differences with intervals, and costs; `to_dict` gives what `sightline compare --json` prints.

    Raises:
        UsageError: fewer than two runs, or one of them is none.
        SightlineError: a run is not complete, or the runs were tested on different photos.
    """
    folders = [RunFolder.open(run) for run in runs]
    found = comparing.compare(folders)
    if out is not None:
        place = Path(out)
        compare_page.write(place if place.suffix == ".html" else place / "compare.html", found, folders)
    return found
