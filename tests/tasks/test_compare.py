"""Is one run better than another, through Python."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import sightline
from sightline.errors import SightlineError, UsageError


def test_a_run_is_no_better_than_its_copy(run_path: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run_path, tmp_path / "copy")
    found = sightline.compare(run_path, copy)
    (difference,) = found.differences
    assert found.n == sightline.Run(run_path).evaluation.n
    assert difference.accuracy.difference == 0
    assert difference.chance
    assert (difference.only_first, difference.only_this) == (0, 0)
    shown = found._repr_html_()
    assert difference.verdict in shown and shown.count("<tr>") == 3
    assert repr(found).startswith(f"Comparison({found.n:,} test photos: ")


def test_what_cannot_be_compared_is_refused(run_path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two runs"):
        sightline.compare(run_path)
    with pytest.raises(UsageError, match="is not a run"):
        sightline.compare(run_path, tmp_path)
    copy = Path(shutil.copytree(run_path, tmp_path / "copy"))
    (copy / "evaluation.json").unlink()
    with pytest.raises(SightlineError, match="is not complete"):
        sightline.compare(run_path, copy)
