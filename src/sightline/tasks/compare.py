"""Two runs or more -> whether one is better, paired on the same test photos."""

from __future__ import annotations

from pathlib import Path

from sightline.judging import compare as comparing
from sightline.judging.comparison import Comparison
from sightline.report import compare_page
from sightline.runs.folder import RunFolder
from sightline.system.files import require_writable


def compare(*runs: str | Path, out: str | Path | None = None) -> Comparison:
    """Hold complete runs against the first of them, on the same test photos.

    Args:
        runs: two run folders or more.
        out: where to write the page that shows it: a .html file, or a folder for compare.html; None: nowhere.

    Returns:
        Figures, paired differences with intervals, and costs; `to_dict` gives what `sightline compare --json` prints.

    Raises:
        UsageError: fewer than two runs, or one of them is none.
        SightlineError: a run is not complete, the runs were tested on different photos, or `out` cannot be written.
    """
    folders = [RunFolder.open(run) for run in runs]
    page = None if out is None else Path(out) if Path(out).suffix == ".html" else Path(out) / "compare.html"
    if page is not None:
        require_writable(page)
    found = comparing.compare(folders)
    if page is not None:
        compare_page.write(page, found, folders)
    return found
