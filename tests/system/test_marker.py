"""The mark in what Sightline writes."""

import pytest

from sightline.system.marker import MARKER, kind, mark


def test_what_was_marked_is_known(tmp_path):
    mark(tmp_path / "out", "an audit")
    assert kind(tmp_path / "out", {MARKER, "x.jpg"}) == "an audit"
    assert kind(tmp_path, {"out"}) == ""


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 10_000])
def test_a_mark_of_another_kind_is_one_all_the_same(tmp_path, content):
    (tmp_path / MARKER).write_bytes(content)
    assert 0 < len(kind(tmp_path, {MARKER})) <= 80


def test_folders_without_a_mark_are_known_by_what_lies_in_them(tmp_path):
    assert kind(tmp_path, {"config.yaml", "dataset.json", "report.html"}) == "a run"
    assert kind(tmp_path, {"config.yaml", "notes.txt"}) == ""


def test_a_folder_of_somebody_else_is_not_marked(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    mark(tmp_path, "what explore saw")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
