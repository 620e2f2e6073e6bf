"""Looking at a dataset, through Python."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sightline
from sightline.errors import SightlineError, UsageError


def test_what_was_seen_is_given_and_written(scenes: Path, tmp_path: Path) -> None:
    seen = sightline.explore(scenes, tmp_path / "look")
    assert len(seen.dataset.samples) == 180
    assert seen.page.is_file()
    assert json.loads(seen.page.with_name("explore.json").read_text()) == seen.found


def test_a_broken_photo_is_counted_and_the_data_is_left_alone(scenes: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    (data / "sea" / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    before = sorted(path.name for path in data.rglob("*"))
    seen = sightline.explore(data, tmp_path / "look")
    assert list(seen.dataset.problems["path"]) == ["sea/broken.jpg"]
    assert sorted(path.name for path in data.rglob("*")) == before


def test_what_cannot_be_done_is_said(scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lightt"):
        sightline.explore(scenes, tmp_path / "look", augment="lightt")
    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "b").mkdir()
    for name in ("a/1.jpg", "b/1.jpg"):
        (tmp_path / "data" / name).write_bytes(b"\xff\xd8\xff")
    with pytest.raises(SightlineError, match="none of its 2 files"):
        sightline.explore(tmp_path / "data", tmp_path / "look")


def test_a_notebook_shows_the_counts_a_photo_of_each_class_and_the_bad_files(scenes: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    (data / "sea" / "broken<b>.jpg").write_bytes(b"")
    seen = sightline.explore(data, tmp_path / "look")
    assert repr(seen).startswith("Explored(180 photos in 6 classes; 1 file cannot be used, ")
    shown = seen._repr_html_()
    assert shown.count("data:image/jpeg;base64,") == 6
    assert "<td>sea</td><td>30</td>" in shown
    assert "sea/broken&lt;b&gt;.jpg" in shown and "<b>.jpg" not in shown
