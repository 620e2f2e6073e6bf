"""A cache that is read-only, full, damaged or has something else in its place: it is only ever a saving of time.

What can go on without it does; what cannot says so in one plain line, with the way out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from sightline.data.pixels import Pixels
from sightline.data.reading.kept import Contents, digest, filled
from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError
from sightline.models import box, choices, engines, zoo
from sightline.models.choices import Choice
from sightline.system import cache
from sightline.training.features import frozen_features

CHOICE = Choice(
    network="resnet18", size=64, purpose="learning", device="cpu", name="bfloat16", batch=8,
    images_per_second=123.4, under_load=True, made="2026-11-25T12:30:00+00:00",
)  # fmt: skip


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def closed(place: Path) -> Iterator[Callable[[], None]]:
    """Make the cache, as it is by then, a read-only disk."""
    place.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no disk can be made here")
    yield lambda: subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True) and None
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def full(place: Path) -> Iterator[None]:
    """A cache on a disk without any room."""
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no disk can be made here")
    for kind in ("weights", "engines", "archives", "digests", "features"):
        (place / kind).mkdir()
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "filler").write_bytes(bytes(free))
    yield
    subprocess.run(["umount", "-l", str(place)], check=True)


def archive(folder: Path) -> Path:
    path = folder / "photos.zip"
    with zipfile.ZipFile(path, "w") as out:
        for kind in ("a", "b"):
            for number in range(2):
                out.writestr(f"{kind}/{number}.jpg", b"\xff\xd8\xff" + bytes([number]))
    return path


def fill(folder: Path) -> Contents:
    (folder / "a.jpg").write_bytes(b"a")
    return Contents(files=1)


class TestTheBox:
    @pytest.mark.parametrize("harm", ["cut short", "one bit", "a folder", "empty"])
    def test_weights_that_were_spoiled_are_made_anew(self, harm: str) -> None:
        first = box.weights_of(box.BOX[0])
        before = first.read_bytes()
        if harm == "a folder":
            first.unlink()
            (first / "inside").mkdir(parents=True)
        else:
            spoiled = {"cut short": before[:-1000], "one bit": before[:-5] + b"\x01" + before[-4:], "empty": b""}
            first.write_bytes(spoiled[harm])
        again = box.weights_of(box.BOX[0])
        assert again.read_bytes() == before
        assert load_file(again)

    def test_a_read_only_cache_serves_what_it_has(self, closed: Callable[[], None]) -> None:
        first = box.weights_of(box.BOX[0])
        closed()
        assert box.weights_of(box.BOX[0]) == first

    def test_where_nothing_can_be_kept_that_is_said(self, closed: Callable[[], None]) -> None:
        closed()
        with pytest.raises(SightlineError, match=r"(?s)Read-only file system.*SIGHTLINE_CACHE"):
            box.weights_of(box.BOX[0])

    def test_a_full_disk(self, full: None) -> None:
        with pytest.raises(SightlineError, match="the disk is full"):
            box.weights_of(box.BOX[0])


class TestChoices:
    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"choices": {"a": 1}}', b"\xff" * 100, b"[" * 100_000])
    def test_what_is_damaged_is_forgotten(self, content: bytes) -> None:
        choices.add("a", CHOICE)
        path = cache.root() / "engines" / "choices.json"
        path.write_bytes(content)
        assert choices.read() == {}
        choices.add("b", CHOICE)
        assert list(choices.read()) == ["b"]
        assert choices.clear() == 1
        assert not path.exists()

    def test_a_folder_in_its_place(self) -> None:
        (cache.folder("engines") / "choices.json" / "x").mkdir(parents=True)
        assert choices.read() == {}
        choices.add("a", CHOICE)
        assert choices.clear() == 0
        choices.add("a", CHOICE)
        assert list(choices.read()) == ["a"]

    def test_a_read_only_cache(self, closed: Callable[[], None]) -> None:
        choices.add("a", CHOICE)
        closed()
        choices.add("b", CHOICE)
        assert list(choices.read()) == ["a"]
        with pytest.raises(SightlineError, match=r"Read-only file system.*SIGHTLINE_CACHE"):
            choices.clear()

    def test_no_cache_at_all(self, place: Path) -> None:
        place.write_text("a file")
        choices.add("a", CHOICE)
        assert choices.read() == {}
        done = subprocess.run(
            [sys.executable, "-m", "sightline", "cache", "--engines", "--clear"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "inside" not in done.stderr
        assert done.returncode in (0, 1)


class TestUnpacked:
    def test_a_file_where_the_folder_should_be(self, tmp_path: Path) -> None:
        (cache.folder("archives") / ("c" * 32)).write_text("a file")
        root, _ = filled("archives", "c" * 64, fill)
        assert (root / "a.jpg").is_file()

    @pytest.mark.timeout(60)
    def test_a_pipe_in_place_of_the_record(self) -> None:
        root, _ = filled("archives", "c" * 64, fill)
        (root.parent / "archive.json").unlink()
        os.mkfifo(root.parent / "archive.json")
        assert (filled("archives", "c" * 64, fill)[0] / "a.jpg").is_file()

    def test_a_read_only_cache(self, closed: Callable[[], None], tmp_path: Path) -> None:
        path = archive(tmp_path)
        dataset = open_dataset(str(path))
        closed()
        assert list(open_dataset(str(path)).samples["path"]) == list(dataset.samples["path"])
        with zipfile.ZipFile(path, "a") as out:
            out.writestr("b/9.jpg", b"\xff\xd8\xff9")
        with pytest.raises(SightlineError, match=r"Read-only file system\)\. Set SIGHTLINE_CACHE"):
            open_dataset(str(path))

    def test_a_digest_that_cannot_be_kept_costs_time_alone(
        self, closed: Callable[[], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = archive(tmp_path)
        closed()
        found = digest(path)
        assert len(found) == 64
        assert "computed again next time" in capsys.readouterr().err
        assert digest(path) == found

    def test_a_full_disk(self, full: None, tmp_path: Path) -> None:
        path = tmp_path / "x.zip"
        path.write_bytes(os.urandom(1000))
        assert len(digest(path)) == 64
        with pytest.raises(SightlineError, match=r"full.*Free some space"):
            filled("archives", "c" * 64, lambda folder: (folder / "a").write_bytes(bytes(9999)) and Contents(files=1))

    @pytest.mark.parametrize("kept", ["", "0" * 63, "z" * 64, "\xff" * 64, "0" * 100_000])
    def test_a_digest_that_was_spoiled(self, kept: str, tmp_path: Path) -> None:
        path = archive(tmp_path)
        found = digest(path)
        (remembered,) = cache.folder("digests").iterdir()
        remembered.write_text(kept, encoding="latin-1")
        assert digest(path) == found


@pytest.mark.parametrize("harm", ["empty", "cut short", "another shape", "another kind", "a folder"])
def test_features_that_were_spoiled_are_computed_again(harm: str) -> None:
    network = zoo.build("resnet4", classes="ab", scratch=True, size=64)
    network.weights_digest = "1" * 64
    pixels, digests = Pixels(np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)), list("abcde")
    engine = engines.make("eager", network, batch=8)
    expected = np.array(frozen_features(network, engine, pixels, digests))
    (kept,) = cache.folder("features").iterdir()
    if harm == "a folder":
        kept.unlink()
        (kept / "x").mkdir(parents=True)
    elif harm in ("empty", "cut short"):
        kept.write_bytes(kept.read_bytes()[: 0 if harm == "empty" else -40])
    else:
        np.save(kept, np.zeros((5,)) if harm == "another shape" else np.zeros(expected.shape, np.int64))
    np.testing.assert_array_equal(frozen_features(network, engine, pixels, digests), expected)


def test_the_cache_itself_is_measured_and_cleared_whatever_lies_in_it(place: Path) -> None:
    cache.folder("pixels")
    os.mkfifo(place / "pixels" / "pipe")
    (place / "pixels" / "loop").symlink_to("loop")
    (place / "a file").write_text("x")
    assert len(cache.entries()) == 2
    cache.clear()
    assert cache.entries() == []
    shutil.rmtree(place)
    place.write_text("a file")
    assert cache.entries() == []
    assert cache.clear() == cache.trim() == 0
    with pytest.raises(SightlineError, match="SIGHTLINE_CACHE"):
        cache.folder("pixels")
