"""Folders in the cache that are filled once for each content."""

import os
import shutil

import pytest

from sightline.data.reading import kept
from sightline.data.reading.kept import Contents, digest, filled
from sightline.errors import SightlineError


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def fill(folder):
    (folder / "a.jpg").write_bytes(b"a")
    return Contents(files=1, problems=[("b.jpg", "unreadable", "why", "left out")], set_aside=["pred"])


def never(folder):
    raise AssertionError("filled again")


def test_the_second_time_it_is_found_with_all_that_is_known_of_it():
    root, contents = filled("archives", "c" * 64, fill)
    assert (root / "a.jpg").read_bytes() == b"a"
    assert filled("archives", "c" * 64, never) == (root, contents)
    assert contents.problems == [("b.jpg", "unreadable", "why", "left out")]


@pytest.mark.parametrize("harm", ["a file gone", "no record", "a record of something else"])
def test_what_is_not_whole_is_filled_anew(harm):
    root, _ = filled("archives", "c" * 64, fill)
    record = root.parent / "archive.json"
    if harm == "a file gone":
        (root / "a.jpg").unlink()
    elif harm == "no record":
        record.unlink()
    else:
        record.write_text('{"files": "many"}')
    assert (filled("archives", "c" * 64, fill)[0] / "a.jpg").is_file()


def test_a_failure_leaves_nothing():
    def fail(folder):
        fill(folder)
        raise OSError(28, os.strerror(28))

    with pytest.raises(SightlineError, match="the disk is full"):
        filled("archives", "c" * 64, fail)
    assert list(kept.cache.folder("archives").iterdir()) == []


def test_another_process_that_was_quicker_wins():
    def slowly(folder):
        shutil.copytree(folder.parent, folder.parent.parent / ("c" * 32))
        target = folder.parent.parent / ("c" * 32)
        (target / "archive.json").write_text(fill(target / "files").model_dump_json())
        return fill(folder)

    root, contents = filled("archives", "c" * 64, slowly)
    assert (root / "a.jpg").is_file()
    assert contents.files == 1


def test_a_digest_is_remembered_for_the_file_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "x.zip"
    path.write_bytes(b"one")
    first = digest(path)
    with monkeypatch.context() as patch:
        patch.setattr(kept.hashlib, "sha256", _only_names(kept.hashlib.sha256))
        assert digest(path) == first
    path.write_bytes(b"another")
    assert digest(path) != first


def _only_names(real):
    def sha256(data=None):
        assert data is not None, "the file was read again"
        return real(data)

    return sha256
