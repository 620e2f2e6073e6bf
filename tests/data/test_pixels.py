"""The pixel file: gathered rightly, found again, never half there, never believed when damaged."""

import errno
import os
import pickle
import resource
import shutil
import zlib

import numpy as np
import pandas as pd
import pytest

from sightline.data import pixels
from sightline.data.pixels import Pixels
from sightline.errors import SightlineError
from sightline.system import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def some(count: int, size: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def store(values: np.ndarray, name: str = "entry", problem: tuple[int, ...] = ()):
    """Write `values` as a cache entry, as preflight does."""
    with pixels.drafted(len(values), values.shape[1]) as draft:
        with open(draft.file, "r+b") as out:
            out.seek(draft.offset)
            out.write(values.tobytes())
        records = pd.DataFrame(
            {
                "digest": [f"{number:064x}" for number in range(len(values))],
                "checksum": [zlib.crc32(value.tobytes()) for value in values],
                "problem": ["corrupt" if number in problem else "" for number in range(len(values))],
            }
        )
        return pixels.publish(draft, name, records)


def left_behind() -> list[str]:
    folder = cache.root() / "pixels"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


class TestPixels:
    def test_takes_in_any_order(self):
        values = some(50)
        held = Pixels(values)
        for indices in ([3, 1, 2], [7], [], [5, 5, 0, 5], [-1, 0], np.arange(50)[::-1], np.arange(50) % 7 == 0):
            taken = held.take(indices)
            assert (taken == values[np.asarray(indices, dtype=None if len(indices) else int)]).all()
            assert taken.shape[1:] == (8, 8, 3)
            assert taken.flags.writeable
        with pytest.raises(IndexError):
            held.take([50])

    def test_fills_an_array_that_is_there(self):
        values = some(50)
        out = np.empty((3, 8, 8, 3), np.uint8)
        assert Pixels(values).take([4, 1, 1], out=out) is out
        assert (out == values[[4, 1, 1]]).all()
        with pytest.raises(ValueError, match="out must be"):
            Pixels(values).take([4, 1], out=out)

    def test_rows_may_be_shared_and_skipped(self):
        values = some(10)
        rows = [4, 4, 9, 0, 2]
        held = Pixels(values, np.array(rows))
        assert (len(held), held.size, held.nbytes) == (5, 8, 5 * 8 * 8 * 3)
        assert (held.take([1, 2, 4]) == values[[4, 9, 2]]).all()
        assert (held.array == values[rows]).all()
        part = held.subset([2, 0])
        assert (part.array == values[[9, 4]]).all()
        assert (held.subset(np.array([False, False, True, True, False])).array == values[[9, 0]]).all()
        assert len(held.subset([])) == 0
        assert held.subset([]).array.shape == (0, 8, 8, 3)

    def test_stays_on_disk(self):
        values = some(20)
        stored, _ = store(values)
        held = Pixels(stored)
        assert isinstance(held.array, np.memmap)
        assert isinstance(held.subset(range(5, 9)).array, np.memmap)
        assert (held.subset(range(5, 9)).array == values[5:9]).all()
        assert not held.array.flags.writeable

    def test_travels_by_name(self):
        values = some(300, 16)
        stored, _ = store(values)
        held = Pixels(stored, np.arange(0, 300, 3))
        sent = pickle.dumps(held)
        assert len(sent) < 5_000
        assert (pickle.loads(sent).array == values[::3]).all()  # noqa: S301
        part = Pixels(stored[7:9])
        assert (pickle.loads(pickle.dumps(part)).array == values[7:9]).all()  # noqa: S301
        in_memory = Pixels(values[:2])
        assert (pickle.loads(pickle.dumps(in_memory)).array == values[:2]).all()  # noqa: S301

    @pytest.mark.parametrize("wrong", [np.zeros((2, 4, 5, 3), np.uint8), np.zeros((2, 4, 4, 3)), np.zeros(3, np.uint8)])
    def test_refuses_what_is_no_squares(self, wrong):
        with pytest.raises(ValueError, match="expected"):
            Pixels(wrong)


class TestEntry:
    def test_is_found_again_and_not_under_other_sizes(self):
        values = some(12)
        store(values, "entry")
        found = pixels.opened("entry", 8)
        assert found is not None
        assert (found[0] == values).all()
        assert found[1]["digest"].tolist() == [f"{number:064x}" for number in range(12)]
        assert pixels.opened("entry", 9) is None
        assert pixels.opened("other", 8) is None

    def test_key_is_the_contents_not_their_order(self):
        digests = [f"{number:064x}" for number in range(5)]
        assert pixels.key(digests, 8) == pixels.key(digests[::-1], 8)
        assert len({pixels.key(digests, 8), pixels.key(digests, 9), pixels.key(digests[1:], 8)}) == 3

    def test_damage_is_noticed(self):
        store(some(40), "entry")
        whole = cache.root() / "pixels" / "entry"
        for number, damage in enumerate(DAMAGES):
            entry = whole.with_name(f"damaged{number}")
            shutil.copytree(whole, entry)
            assert pixels.opened(entry.name, 8) is not None
            damage(entry)
            assert pixels.opened(entry.name, 8) is None, damage.__name__

    def test_rows_of_bad_files_are_not_checked(self):
        values = some(5)
        store(values, "entry", problem=(2,))
        _flip(cache.root() / "pixels" / "entry" / "pixels.npy", 128 + 2 * 192 + 5)
        assert pixels.opened("entry", 8) is not None

    def test_large_files_are_checked_in_part(self, monkeypatch):
        store(some(500), "entry")
        monkeypatch.setattr(pixels, "_VERIFY_WHOLE", 1000)
        monkeypatch.setattr(pixels, "_VERIFY_ROWS", 50)
        store(some(500), "flushed")
        assert pixels.opened("flushed", 8) is not None
        assert pixels.opened("entry", 8) is not None
        file = cache.root() / "pixels" / "entry" / "pixels.npy"
        with open(file, "r+b") as out:  # a hole in the second half, as a lost write leaves behind
            out.seek(250 * 192)
            out.write(bytes(40 * 192))
        assert pixels.opened("entry", 8) is None

    def test_a_damaged_entry_is_replaced(self):
        store(some(6, seed=1), "entry")
        _flip(cache.root() / "pixels" / "entry" / "pixels.npy", 200)
        values = some(6, seed=1)
        stored, _ = store(values, "entry")
        assert (stored == values).all()
        assert left_behind() == ["entry"]

    def test_the_first_to_finish_is_kept(self):
        values = some(6)
        with pixels.drafted(6, 8) as slow:
            first, _ = store(values, "entry")
            inode = os.stat(first.filename).st_ino
            with open(slow.file, "r+b") as out:
                out.seek(slow.offset)
                out.write(values.tobytes())
            second, _ = pixels.publish(slow, "entry", pd.read_parquet(cache.root() / "pixels/entry/records.parquet"))
        assert (second == values).all()
        assert os.stat(second.filename).st_ino == inode
        assert left_behind() == ["entry"]

    def test_an_open_file_outlives_its_removal(self):
        values = some(6)
        stored, _ = store(values)
        shutil.rmtree(cache.root() / "pixels")
        assert (Pixels(stored).take([5, 0]) == values[[5, 0]]).all()


class TestNoRoom:
    """A disk that is full, or closed, is found out before the work, in two plain lines, and nothing is left."""

    def test_full_disk(self, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(SightlineError, match="no room") as caught, pixels.drafted(10, 8):
            pytest.fail("the work began")
        assert "SIGHTLINE_CACHE" in str(caught.value)
        assert str(caught.value).count("\n") <= 1
        assert left_behind() == []

    def test_a_real_limit_on_file_sizes(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(SightlineError, match="no room"), pixels.drafted(1000, 8):
                pytest.fail("the work began")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert left_behind() == []

    def test_disks_that_cannot_promise_room(self, monkeypatch):
        def unsupported(*_):
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

        monkeypatch.setattr(os, "posix_fallocate", unsupported)
        values = some(4)
        assert (store(values)[0] == values).all()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
        with pytest.raises(SightlineError, match="no room"), pixels.drafted(10, 8):
            pytest.fail("the work began")
        assert left_behind() == ["entry"]

    def test_a_cache_that_cannot_be_written(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "file"))
        with pytest.raises(SightlineError, match="SIGHTLINE_CACHE"), pixels.drafted(10, 8):
            pytest.fail("the work began")

    def test_an_error_in_the_work_leaves_nothing(self):
        with pytest.raises(KeyboardInterrupt), pixels.drafted(10, 8) as draft:
            assert draft.file.stat().st_size == draft.offset + 10 * 192
            raise KeyboardInterrupt
        assert left_behind() == []


def test_drafts_of_the_killed_are_swept_away():
    folder = cache.folder("pixels")
    for name in (".old.tmp", ".new.tmp"):
        (folder / name).mkdir()
        (folder / name / "pixels.npy").write_bytes(b"half")
    for path in (folder / ".old.tmp" / "pixels.npy", folder / ".old.tmp"):
        os.utime(path, (1, 1))
    store(some(3))
    assert left_behind() == [".new.tmp", "entry"]


def _flip(file, place: int) -> None:
    with open(file, "r+b") as out:
        out.seek(place)
        byte = out.read(1)[0]
        out.seek(place)
        out.write(bytes([byte ^ 1]))


def one_bit(entry):
    _flip(entry / "pixels.npy", 128 + 33 * 192 + 7)


def cut(entry):
    os.truncate(entry / "pixels.npy", (entry / "pixels.npy").stat().st_size - 1)


def cut_to_nothing(entry):
    os.truncate(entry / "pixels.npy", 0)


def no_pixels(entry):
    (entry / "pixels.npy").unlink()


def other_header(entry):
    _flip(entry / "pixels.npy", 30)


def pickled(entry):
    np.save(entry / "pixels.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


def other_shape(entry):
    np.save(entry / "pixels.npy", np.zeros((40, 8, 8, 4), np.uint8))


def no_records(entry):
    (entry / "records.parquet").unlink()


def cut_records(entry):
    os.truncate(entry / "records.parquet", 300)


def noise_for_records(entry):
    (entry / "records.parquet").write_bytes(os.urandom(3000))


def fewer_records(entry):
    pd.read_parquet(entry / "records.parquet").iloc[1:].to_parquet(entry / "records.parquet")


def other_columns(entry):
    pd.DataFrame({"x": range(40)}).to_parquet(entry / "records.parquet")


DAMAGES = [
    *(one_bit, cut, cut_to_nothing, no_pixels, other_header, pickled, other_shape),
    *(no_records, cut_records, noise_for_records, fewer_records, other_columns),
]
