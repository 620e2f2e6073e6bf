"""What people name when they ask about photos: files, folders, patterns, a list; and what is none of these."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from sightline.data.reading.named import photos_named, unfolded
from sightline.errors import SightlineError, UsageError


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for name in ("a/1.jpg", "a/2.jpg", "b/3.png", "[odd].jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(found: list[Path]) -> list[str]:
    return [path.name for path in found]


def test_files_and_folders_in_the_order_given(album: Path) -> None:
    assert names(photos_named([album / "b" / "3.png", str(album / "a")])) == ["3.png", "1.jpg", "2.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/*.jpg", ["1.jpg", "2.jpg"]),
        ("**/*.png", ["3.png"]),
        ("?", ["1.jpg", "2.jpg", "3.png"]),
        ("[odd].jpg", ["[odd].jpg"]),
    ],
)
def test_a_pattern_in_quotes_is_filled_in(album: Path, pattern: str, expected: list[str]) -> None:
    assert names(photos_named([f"{album}/{pattern}"])) == expected


def test_a_pattern_that_fits_nothing_is_said(album: Path) -> None:
    with pytest.raises(UsageError, match=r"\*\.tif: no file fits"):
        photos_named([f"{album}/*.tif"])


@pytest.mark.parametrize("address", ["https://example.org/a.jpg", "http:/example.org/a.jpg", "s3://bucket/a.jpg"])
def test_an_address_gets_a_plain_no(address: str) -> None:
    with pytest.raises(UsageError, match="is an address"):
        photos_named([address])


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_not_the_folder_that_one_stands_in(
    name: str, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(album)
    with pytest.raises(UsageError, match="empty name"):
        photos_named([name])
    assert unfolded(name) == name and unfolded([name]) == [name]


def test_a_file_that_is_not_there_is_left_to_who_opens_it(tmp_path: Path) -> None:
    assert photos_named([tmp_path / "absent.jpg"]) == [tmp_path / "absent.jpg"]
    assert names(photos_named(["x" * 5000])) == ["x" * 5000]
    assert photos_named(["C:x\0y"]) == [Path("C:x\0y")]


def test_a_folder_without_photos_is_said(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SightlineError, match=f"{album}/empty: no photos in it"):
        photos_named([album / "empty"])
    assert len(photos_named([album / "empty", album / "a"])) == 2
    assert f"{album}/empty: no photos in it" in capsys.readouterr().err


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_a_list_on_standard_input(album: Path, monkeypatch: pytest.MonkeyPatch, separator: str) -> None:
    listed = separator.join([str(album / "b"), "", str(album / "a" / "2.jpg"), ""]).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(listed)))
    assert names(photos_named(["-", album / "a" / "1.jpg"])) == ["3.png", "2.jpg", "1.jpg"]


def test_an_empty_list_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\n\n")))
    with pytest.raises(SightlineError, match="standard input: no photos"):
        photos_named(["-"])


def test_python_users_may_give_folders_among_other_things(album: Path) -> None:
    picture = Image.new("RGB", (4, 4))
    assert names(unfolded(album / "a")) == ["1.jpg", "2.jpg"]
    assert names(unfolded(str(album / "a"))) == ["1.jpg", "2.jpg"]
    mixed = unfolded([picture, album / "b", "absent.jpg", b"bytes"])
    assert mixed[0] is picture
    assert (mixed[1].name, mixed[2:]) == ("3.png", ["absent.jpg", b"bytes"])
    # Among others, what holds no photo is a row that says so, not the end of the batch.
    assert unfolded([picture, album / "empty", "*.nothing"]) == [picture, album / "empty", "*.nothing"]
    for other in (picture, "absent.jpg", b"bytes", iter([picture]), "a\0b"):
        assert unfolded(other) is other


def test_python_takes_folders_and_patterns_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "b.jpg", "odd[1].jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in unfolded("*.jpg")] == ["a.jpg", "b.jpg", "odd[1].jpg"]
    assert [path.name for path in unfolded(str(tmp_path))] == ["a.jpg", "b.jpg", "odd[1].jpg"]
    assert unfolded("odd[1].jpg") == "odd[1].jpg"
    assert [str(path) for path in unfolded(["[ab].jpg", "odd[1].jpg"])] == ["a.jpg", "b.jpg", "odd[1].jpg"]
