"""A folder that predicts without Sightline, through Python."""

from __future__ import annotations

from pathlib import Path

import pytest

import sightline
from sightline.errors import UsageError


def test_the_exported_folder_was_checked(run_path: Path, tmp_path: Path) -> None:
    found = sightline.export(run_path, "torch", tmp_path / "out")
    assert Path(found["folder"]) == tmp_path / "out"
    assert found["largest_difference"] < 1e-4
    assert found["checked_on"] > 0
    assert (tmp_path / "out" / "predict.py").is_file()


def test_what_is_in_the_way_is_left_alone(run_path: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        sightline.export(run_path, "torch", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(UsageError, match="is not a run"):
        sightline.export(tmp_path, "torch", tmp_path / "out")
