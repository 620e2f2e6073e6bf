"""Unpacking into the cache: once per content, whole or not at all."""

import errno
import gzip
import shutil
import threading
import time
import zipfile
from pathlib import Path

import pytest

from sightline.data.reading import archive, zips
from sightline.data.reading.archive import BrokenArchive, is_archive, plain_name, unpack
from sightline.data.reading.walk import walk
from sightline.errors import SightlineError
from sightline.system import cache

FILES = {"set/cat/1.jpg": b"one", "set/dog/2.jpg": b"two", "set/notes.txt": b"words"}


def zip_of(path: Path, files: dict[str, bytes] = FILES) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def leftovers(own: Path) -> list[str]:
    return [path.name for path in (own / "cache" / "archives").iterdir() if path.name.startswith(".")]


def test_unpacks_into_the_cache_and_leaves_the_archive_alone(own):
    path = zip_of(own / "a.zip")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    unpacked = unpack(path)
    assert content(unpacked.root) == FILES
    assert unpacked.root.is_relative_to(own / "cache" / "archives")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert leftovers(own) == []


def test_the_folder_depends_on_the_content_alone(own):
    first = unpack(zip_of(own / "a.zip")).root
    shutil.copy(own / "a.zip", own / "renamed.bin")
    assert unpack(own / "renamed.bin").root == first
    other = unpack(zip_of(own / "b.zip", {"x/1.jpg": b"1"})).root
    assert other != first
    zip_of(own / "a.zip", {"y/1.jpg": b"changed"})
    assert unpack(own / "a.zip").root not in (first, other)


def test_the_second_time_nothing_is_unpacked(own, monkeypatch):
    path = zip_of(own / "a.zip")
    first = unpack(path).root
    monkeypatch.setattr(archive, "members", None)
    assert unpack(path).root == first


def test_what_was_passed_over_is_remembered(own):
    path = zip_of(own / "a.zip", {"cat/1.jpg": b"1", "cat/" + "x" * 300: b"2"})
    for _ in range(2):
        assert [row[2] for row in unpack(path).problems] == ["in the archive: its name is too long"]


def test_as_deep_as_photos_are_looked_for_and_no_deeper(own):
    """Found by the search: thousands of members below hundreds of folders cost the check of their names a minute."""
    deepest, deeper = "d/" * 64 + "1.jpg", "d/" * 65 + "1.jpg"
    unpacked = unpack(zip_of(own / "a.zip", {deepest: b"1", deeper: b"2"}))
    assert content(unpacked.root) == {deepest: b"1"}
    assert [row[2] for row in unpacked.problems] == ["in the archive: more than 64 folders deep"]
    assert list(walk(unpacked.root).tree.photos()) == [deepest]


def test_a_folder_that_lost_files_is_unpacked_anew(own):
    path = zip_of(own / "a.zip")
    root = unpack(path).root
    (root / "set" / "cat" / "1.jpg").unlink()
    assert content(unpack(path).root) == FILES


def test_two_members_of_one_name(own):
    with zipfile.ZipFile(own / "a.zip", "w") as made, pytest.warns(UserWarning, match="Duplicate name"):
        made.writestr("a/1.jpg", b"first")
        made.writestr("a/1.jpg", b"second")
        made.writestr("a/1.jpg/x.jpg", b"third")
        made.writestr("a/2.jpg", b"fourth")
    unpacked = unpack(own / "a.zip")
    assert content(unpacked.root) == {"a/1.jpg": b"first", "a/2.jpg": b"fourth"}
    assert [row[0] for row in unpacked.problems] == ["a/1.jpg", "a/1.jpg/x.jpg"]


@pytest.mark.parametrize("name", ["../out.jpg", "/out.jpg", "a/../../out.jpg"])
def test_a_refused_archive_leaves_nothing(own, name):
    path = zip_of(own / "a.zip", {"a/1.jpg": b"1", name: b"2"})
    with pytest.raises(SightlineError, match=r"a\.zip: it names a file outside.*Nothing was unpacked"):
        unpack(path)
    assert sorted(p.name for p in own.rglob("*") if p.suffix == ".jpg") == []
    assert list((own / "cache" / "archives").iterdir()) == []


def test_a_damaged_archive_leaves_nothing(own):
    path = zip_of(own / "a.zip", {f"a/{i}.jpg": bytes([i]) * 500 for i in range(20)})
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF  # in the first file's compressed bytes
    path.write_bytes(data)
    with pytest.raises(BrokenArchive, match="damaged or incomplete"):
        unpack(path)
    assert list((own / "cache" / "archives").iterdir()) == []


def test_a_bomb_leaves_nothing(own, monkeypatch):
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED", 1 << 20)
    path = zip_of(own / "a.zip", {"a/1.jpg": bytes(8 << 20)})
    with pytest.raises(SightlineError, match="decompression bomb"):
        unpack(path)
    assert list((own / "cache" / "archives").iterdir()) == []


def test_a_full_disk_leaves_nothing(own, monkeypatch):
    path = zip_of(own / "a.zip")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archive, "_write", full)
    with pytest.raises(SightlineError, match=r"the disk is full\. .*SIGHTLINE_CACHE"):
        unpack(path)
    assert list((own / "cache" / "archives").iterdir()) == []


def test_an_interruption_leaves_nothing(own, monkeypatch):
    path = zip_of(own / "a.zip")

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpack(path)
    assert list((own / "cache" / "archives").iterdir()) == []


def test_two_at_once_agree(own, monkeypatch):
    path = zip_of(own / "a.zip")
    real = archive._write

    def slowly(*args):
        time.sleep(0.02)
        return real(*args)

    monkeypatch.setattr(archive, "_write", slowly)
    roots, threads = [], []
    for _ in range(4):
        threads.append(threading.Thread(target=lambda: roots.append(unpack(path).root)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len(roots) == 4
    assert len(set(roots)) == 1
    assert content(roots[0]) == FILES
    assert leftovers(own) == []


def test_clearing_the_cache_is_no_harm(own):
    path = zip_of(own / "a.zip")
    unpack(path)
    cache.clear()
    assert content(unpack(path).root) == FILES


def test_names_of_archives():
    assert [plain_name(Path(name)) for name in ("a.zip", "my.photos.tar.gz", "b.TGZ", "c", "d.tar.zst")] == [
        "a",
        "my.photos",
        "b",
        "c",
        "d",
    ]


def test_what_is_an_archive(own):
    assert is_archive(zip_of(own / "a.zip"))
    shutil.copy(own / "a.zip", own / "noname")
    assert is_archive(own / "noname")
    (own / "text.txt").write_text("hello")
    assert not is_archive(own / "text.txt")
    (own / "broken.zip").write_text("hello")
    with pytest.raises(BrokenArchive, match="neither a zip nor a tar"):
        unpack(own / "broken.zip")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: the download broke off"),
        (b"PK\x03\x04" + bytes(500), "begins as a zip archive but breaks off"),
        (b"  <!DOCTYPE html><p>log in", "a web page, not an archive"),
        (b"Rar!\x1a\x07" + bytes(100), "RAR archives are not read"),
        (b"some words", "neither a zip nor a tar archive"),
    ],
)
def test_what_is_no_archive_says_what_it_is(tmp_path, content, message):
    (tmp_path / "photos.zip").write_bytes(content)
    with pytest.raises(BrokenArchive, match=message):
        unpack(tmp_path / "photos.zip")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("labels.csv.gz", r"a compressed table\. Unpack it, and give labels\.csv\."),
        ("labels.TSV.GZ", "a compressed table"),
        ("a.jpg.gz", "what it holds is no tar archive"),
        ("a.gz", "what it holds is no tar archive"),
        ("photos.tar.gz", "damaged or incomplete"),
        ("photos.TGZ", "damaged or incomplete"),
    ],
)
def test_a_compressed_file_that_is_no_archive_says_so(own, name, message):
    (own / name).write_bytes(gzip.compress(b"path,label\n" * 100))
    with pytest.raises(BrokenArchive, match=message):
        unpack(own / name)


def test_empty_files_are_named_not_written(own):
    path = zip_of(own / "photos.zip", {"a/1.jpg": b"x", "a/2.jpg": b"", "a/notes.txt": b""})
    unpacked = unpack(path)
    assert content(unpacked.root) == {"a/1.jpg": b"x"}
    assert [(name, problem) for name, problem, _, _ in unpacked.problems] == [("a/2.jpg", "empty")]
    assert unpack(path) == unpacked


@pytest.mark.parametrize("count", [50, 70_000])  # more than 65,535 are listed in another way
def test_how_long_the_list_of_a_zip_is_is_known_before_it_is_read(tmp_path, monkeypatch, count):
    path = zip_of(tmp_path / "many.zip", {f"{number}.txt": b"" for number in range(count)})
    with open(path, "rb") as file, zipfile.ZipFile(path) as made:
        assert zips._listing_size(file) == sum(46 + len(info.filename) for info in made.infolist())
    monkeypatch.setattr(zips, "_LONGEST_LISTING", 1000)
    monkeypatch.setattr(zips.zipfile, "ZipFile", None)
    with pytest.raises(SightlineError, match=r"it holds too many files\. Nothing was unpacked"):
        unpack(path)
