"""Listing a folder that holds anything: nothing hangs, nothing is opened in vain, everything odd is named."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from PIL import Image

from sightline.data.reading.walk import Folder, walk, within
from sightline.errors import SightlineError


def photo(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path, "JPEG")
    return path


def found(root: Path) -> list[str]:
    return list(walk(root).tree.photos())


def problems(root: Path) -> dict[str, str]:
    return {path: f"{problem}: {detail}" for path, problem, detail, _ in walk(root).problems}


def test_photos_at_any_depth_in_the_order_of_names(tmp_path):
    for name in ("b/2.jpg", "b/1.jpg", "a/deep/er/x.png", "a/z.jpg", "top.jpg"):
        photo(tmp_path / name)
    assert found(tmp_path) == ["top.jpg", "a/z.jpg", "a/deep/er/x.png", "b/1.jpg", "b/2.jpg"]
    tree = walk(tmp_path).tree
    assert tree.count == 5
    assert [folder.name for folder in tree.folders] == ["a", "b"]


def test_folders_without_photos_are_named_once_and_taken_out(tmp_path):
    photo(tmp_path / "a" / "1.jpg")
    (tmp_path / "b" / "c" / "d").mkdir(parents=True)
    (tmp_path / "a" / "empty").mkdir()
    listing = walk(tmp_path)
    assert listing.empty == ["a/empty", "b"]
    assert [folder.path for folder in listing.tree.folders] == ["a"]


def test_clutter_and_sidecars_are_passed_over_in_silence(tmp_path):
    photo(tmp_path / "a" / "1.jpg")
    for name in (".hidden.jpg", "._1.jpg", "Thumbs.db", "desktop.ini", "notes.txt", "labels.csv", "LICENSE"):
        (tmp_path / "a" / name).write_text("x")
    photo(tmp_path / "__MACOSX" / "1.jpg")
    photo(tmp_path / ".cache" / "1.jpg")
    listing = walk(tmp_path)
    assert list(listing.tree.photos()) == ["a/1.jpg"]
    assert listing.problems == []


def test_a_file_of_unknown_name_is_told_by_its_first_bytes(tmp_path):
    shutil.copy(photo(tmp_path / "a" / "1.jpg"), tmp_path / "a" / "download")
    shutil.copy(tmp_path / "a" / "1.jpg", tmp_path / "a" / "x.jpg_large")
    (tmp_path / "a" / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 20)
    (tmp_path / "a" / "more.zip").write_bytes(b"PK\x03\x04" + b"\0" * 30)
    assert found(tmp_path) == ["a/1.jpg", "a/download", "a/x.jpg_large"]
    named = problems(tmp_path)
    assert named["a/film.mp4"].startswith("unsupported: a video")
    assert named["a/more.zip"].startswith("not-an-image: a zip archive")


def test_odd_names_do_no_harm(tmp_path):
    names = ["with space.jpg", "näme 森.jpg", "new\nline.jpg", "x" * 251 + ".jpg", "-rf.jpg", "'\"$(x).jpg", "#?%.jpg"]
    for name in names:
        photo(tmp_path / "ä\nb" / name)
    assert sorted(found(tmp_path)) == sorted(f"ä\nb/{name}" for name in names)
    assert walk(tmp_path).problems == []


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_a_name_that_is_not_valid_unicode_is_listed_as_a_problem(tmp_path):
    photo(tmp_path / "a" / "1.jpg")
    try:
        shutil.copy(tmp_path / "a" / "1.jpg", os.fsencode(tmp_path / "a") + b"/caf\xe9.jpg")
        os.mkdir(os.fsencode(tmp_path) + b"/cl\xe4ss")
    except OSError:
        pytest.skip("this disk takes only valid Unicode")
    assert found(tmp_path) == ["a/1.jpg"]
    assert set(problems(tmp_path)) == {"a/caf\\udce9.jpg", "cl\\udce4ss"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_sockets_and_devices_are_never_opened(tmp_path):
    photo(tmp_path / "a" / "1.jpg")
    os.mkfifo(tmp_path / "a" / "pipe.jpg")
    os.mkfifo(tmp_path / "a" / "pipe")
    (tmp_path / "a" / "null.jpg").symlink_to("/dev/null")
    (tmp_path / "a" / "zero").symlink_to("/dev/zero")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path / "a")  # the address of a socket must be short
        try:
            server.bind("s.jpg")
        finally:
            os.chdir(here)
        assert found(tmp_path) == ["a/1.jpg"]
        named = problems(tmp_path)
    assert set(named) == {"a/pipe.jpg", "a/pipe", "a/null.jpg", "a/zero", "a/s.jpg"}
    assert all("pipe, socket or device" in text for text in named.values())


def test_links_to_photos_and_to_folders_elsewhere_are_followed(tmp_path):
    photo(tmp_path / "elsewhere" / "cats" / "1.jpg")
    root = tmp_path / "data"
    (root / "dogs").mkdir(parents=True)
    (root / "dogs" / "2.jpg").symlink_to(tmp_path / "elsewhere" / "cats" / "1.jpg")
    (root / "cats").symlink_to(tmp_path / "elsewhere" / "cats")
    assert found(root) == ["cats/1.jpg", "dogs/2.jpg"]
    assert walk(root).problems == []


def test_loops_of_links_end_and_are_named(tmp_path):
    root = tmp_path / "data"
    photo(root / "a" / "1.jpg")
    photo(root / "b" / "2.jpg")
    photo(tmp_path / "private" / "3.jpg")
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "a" / "up").symlink_to("..")
    (root / "above").symlink_to(tmp_path)
    (root / "self").symlink_to("self")
    (root / "gone.jpg").symlink_to("nowhere")
    (root / "A again").symlink_to(root / "a")
    assert found(root) == ["a/1.jpg", "b/2.jpg"]
    named = problems(root)
    assert set(named) == {"a/loop", "a/up", "above", "self", "gone.jpg", "A again"}
    assert named["A again"] == "link: leads to 'a', which is read already"
    assert "back to itself" in named["self"]
    assert "not there" in named["gone.jpg"]
    assert "holds the link itself" in named["above"]


def test_links_that_multiply_are_read_once(tmp_path):
    """Twenty folders that each hold two links to the next: a million paths, twenty folders."""
    for level in range(20):
        photo(tmp_path / "store" / str(level) / "p.jpg")
        for link in "xy":
            (tmp_path / "store" / str(level) / link).symlink_to(tmp_path / "store" / str(level + 1))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "start").symlink_to(tmp_path / "store" / "0")
    assert walk(tmp_path / "data").tree.count == 20


def test_a_real_folder_keeps_its_name_though_a_link_comes_before_it(tmp_path):
    photo(tmp_path / "zebra" / "1.jpg")
    (tmp_path / "animal").symlink_to(tmp_path / "zebra")
    photo(tmp_path / "bird" / "1.jpg")
    assert found(tmp_path) == ["bird/1.jpg", "zebra/1.jpg"]


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path, monkeypatch):
    photo(tmp_path / "a" / "1.jpg")
    photo(tmp_path / "locked" / "1.jpg")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert found(tmp_path) == ["a/1.jpg"]
    assert problems(tmp_path)["locked"] == "unreadable: the folder cannot be listed (Permission denied)"


def test_a_root_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(SightlineError, match="cannot be read"):
        walk(tmp_path / "nothing")


def test_very_deep_folders_end_somewhere(tmp_path):
    deep = tmp_path
    for _ in range(70):
        deep = deep / "d"
    photo(deep / "1.jpg")
    photo(tmp_path / "a" / "1.jpg")
    assert found(tmp_path) == ["a/1.jpg"]
    assert any("folders deep" in text for text in problems(tmp_path).values())


def test_names_of_folders():
    assert within("", "a") == "a"
    assert within("a/b", "c") == "a/b/c"
    assert Folder("a/b").name == "b"
