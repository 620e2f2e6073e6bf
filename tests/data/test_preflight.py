"""One pass over real files of every kind, good, odd and hostile; and what happens when a decoder hangs or dies."""

import contextlib
import errno
import hashlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pebble import CONSTS
from PIL import Image

from sightline.data import pixels, preflight
from sightline.data.decoding import decode_all, decoders
from sightline.data.decoding.decode import decode
from sightline.data.decoding.fit import square
from sightline.data.table import Dataset, problem_table, sample_table
from sightline.errors import SightlineError
from sightline.system import cache

SIZE = 24


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def photo(seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Some different picture for each seed."""
    values = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, fmt: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def plain(root: Path, per_class: int = 4, classes: tuple[str, ...] = ("sea", "town")) -> Path:
    for number in range(per_class * len(classes)):
        file = root / classes[number % len(classes)] / f"{number:04d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(photo(number)))
    return root


def dataset(root: Path, split: str = "") -> Dataset:
    """Every entry of every class folder, whatever it is: what a careless manifest could name."""
    rows = [(str(path.relative_to(root)), path.parent.name, split, "") for path in sorted(root.glob("*/*"))]
    classes = tuple(sorted({label for _, label, _, _ in rows}))
    return Dataset(root.name, root, sample_table(rows), classes, problem_table([]))


def run(data: Dataset, **options):
    return preflight.preflight(data, SIZE, **options)


def assert_same_pixels(checked: Dataset, held: pixels.Pixels) -> None:
    """Row for row what `decode` and `square` give, which is what prediction sees."""
    assert len(checked.samples) == len(held)
    taken = held.take(np.arange(len(held)))
    for path, got in zip(checked.samples["path"], taken, strict=True):
        assert (square(decode(checked.root / path, target=SIZE).image, SIZE) == got).all(), path


def problems(checked: Dataset) -> dict[str, str]:
    return dict(zip(checked.problems["path"], checked.problems["problem"], strict=True))


def entries() -> list[str]:
    folder = cache.root() / "pixels"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def never(*_, **__):
    pytest.fail("decoded again")


class TestGoodPhotos:
    def test_records_and_pixels(self, tmp_path):
        root = plain(tmp_path / "photos", 40)
        before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.glob("*/*")}
        checked, held = run(dataset(root))
        assert_same_pixels(checked, held)
        first = checked.samples.iloc[0]
        data = (root / first["path"]).read_bytes()
        assert first["digest"] == hashlib.sha256(data).hexdigest()
        assert (first["width"], first["height"], first["bytes"]) == (40, 30, len(data))
        assert (first["mode"], first["format"], first["notes"]) == ("RGB", "JPEG", "")
        luma = Image.fromarray(held.take([0])[0]).convert("L")
        assert first["brightness"] == pytest.approx(np.asarray(luma).mean(), abs=1)
        assert isinstance(checked.samples.index, pd.RangeIndex)
        assert checked.problems.empty
        assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.glob("*/*")} == before

    def test_second_time_nothing_is_decoded(self, tmp_path, monkeypatch):
        data = dataset(plain(tmp_path / "photos"))
        (data.root / "sea" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a photo")
        data = dataset(data.root)
        first, held = run(data)
        monkeypatch.setattr(decoders, "pool", never)
        second, again = run(data)
        pd.testing.assert_frame_equal(first.samples, second.samples)
        pd.testing.assert_frame_equal(first.problems, second.problems)
        assert (held.array == again.array).all()
        # Names, labels and order are not part of what was decoded.
        (data.root / "town").rename(data.root / "city")
        renamed, other = run(dataset(data.root))
        assert_same_pixels(renamed, other)
        assert len(entries()) == 1

    def test_changed_photos_are_noticed(self, tmp_path):
        root = plain(tmp_path / "photos")
        run(dataset(root))
        (root / "sea" / "0000.jpg").write_bytes(encoded(photo(99)))
        assert_same_pixels(*run(dataset(root)))
        assert len(entries()) == 2

    def test_a_damaged_cache_is_rebuilt(self, tmp_path):
        root = plain(tmp_path / "photos")
        run(dataset(root))
        file = cache.root() / "pixels" / entries()[0] / "pixels.npy"
        os.truncate(file, file.stat().st_size // 2)
        assert_same_pixels(*run(dataset(root)))
        assert len(entries()) == 1

    def test_copies_are_decoded_once_and_all_kept(self, tmp_path):
        root = plain(tmp_path / "photos")
        for name in ("sea/copy.jpg", "town/copy.jpg"):
            (root / name).write_bytes((root / "sea" / "0000.jpg").read_bytes())
        checked, held = run(dataset(root))
        assert len(checked.samples) == 10
        assert len(held.stored) == 8
        assert_same_pixels(checked, held)

    def test_columns_and_problems_that_were_there_stay(self, tmp_path):
        data = dataset(plain(tmp_path / "photos"))
        earlier = problem_table([("x.mp4", "unsupported", "a video", "left out")])
        data = data.replace(samples=data.samples.assign(camera="C", width=-1), problems=earlier)
        checked, _ = run(data)
        assert set(checked.samples["camera"]) == {"C"}
        assert set(checked.samples["width"]) == {40}
        assert problems(checked) == {"x.mp4": "unsupported"}
        again, _ = run(checked)
        pd.testing.assert_frame_equal(again.samples, checked.samples, check_like=True)

    def test_one_worker_gives_the_same(self, tmp_path, monkeypatch):
        data = dataset(plain(tmp_path / "photos", 70))
        _, two = run(data)
        cache.clear()
        _, one = run(data, workers=1)
        assert (one.take(range(140)) == two.take(range(140))).all()


class TestBadFiles:
    def test_each_is_named_left_out_and_the_rest_is_right(self, tmp_path):
        root = plain(tmp_path / "photos")
        sea = root / "sea"
        noise = Image.effect_noise((200, 200), 60).convert("RGB")
        wrong = {
            "empty.jpg": b"",
            "text.jpg": b"just some words",
            "page.jpg": b"<!doctype html><html></html>",
            "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
            "cut.jpg": encoded(noise)[:-900],
            "cut.png": encoded(noise, "PNG")[:-900],
            "strip.png": encoded(Image.new("RGB", (1000, 2)), "PNG"),
            "bomb.gif": b"GIF89a\xff\xff\xff\xff\x80\0\0" + b"\0" * 6 + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;",
        }
        for name, content in wrong.items():
            (sea / name).write_bytes(content)
        damaged = bytearray(encoded(noise, "PNG"))
        damaged[5000] ^= 255
        (sea / "damaged.png").write_bytes(damaged)
        os.mkfifo(sea / "fifo.jpg")
        (sea / "folder.jpg").mkdir()
        (sea / "loop.jpg").symlink_to("loop.jpg")
        (sea / "broken.jpg").symlink_to("nowhere.jpg")
        (sea / "device.jpg").symlink_to("/dev/zero")
        data = dataset(root)
        gone = sample_table([("sea/gone.jpg", "sea", "", "")])
        data = data.replace(samples=pd.concat([gone, data.samples], ignore_index=True))

        checked, held = run(data)
        assert problems(checked) == {
            "sea/empty.jpg": "empty",
            "sea/text.jpg": "not-an-image",
            "sea/page.jpg": "not-an-image",
            "sea/drawing.png": "unsupported",
            "sea/cut.jpg": "truncated",
            "sea/cut.png": "truncated",
            "sea/damaged.png": "corrupt",
            "sea/strip.png": "too-narrow",
            "sea/bomb.gif": "too-large",
            **{f"sea/{name}.jpg": "unreadable" for name in ("fifo", "folder", "loop", "broken", "device", "gone")},
        }
        assert set(checked.problems["action"]) == {"left out"}
        assert (checked.problems["detail"] != "").all()
        assert len(checked.samples) == 8
        assert_same_pixels(checked, held)

    def test_conversions_are_listed_and_kept(self, tmp_path):
        root = plain(tmp_path / "photos")
        exif = Image.Exif()
        exif[0x0112] = 6
        town = root / "town"
        (town / "turned.jpg").write_bytes(encoded(photo(50), exif=exif))
        (town / "print.jpg").write_bytes(encoded(photo(51).convert("CMYK")))
        (town / "moving.gif").write_bytes(encoded(photo(52), "GIF", save_all=True, append_images=[photo(53)]))
        (town / "deep.png").write_bytes(
            encoded(Image.fromarray(np.arange(0, 63_000, 70, dtype=np.uint16).reshape(30, 30)), "PNG")
        )
        checked, held = run(dataset(root))
        assert_same_pixels(checked, held)
        listed = {(row.path, row.problem) for row in checked.problems.itertuples()}
        assert listed >= {
            ("town/turned.jpg", "exif-rotated"),
            ("town/print.jpg", "cmyk"),
            ("town/moving.gif", "animated"),
            ("town/deep.png", "16-bit"),
            ("town/deep.png", "gray"),
        }
        assert set(checked.problems["action"]) == {"converted"}
        by_path = checked.samples.set_index("path")
        assert by_path.at["town/deep.png", "notes"] == "16-bit; gray"
        assert tuple(by_path.loc["town/turned.jpg", ["width", "height"]]) == (30, 40)

    def test_photos_of_which_nothing_can_be_seen_are_named(self, tmp_path):
        root = plain(tmp_path / "photos")
        seen = photo(60).convert("RGBA")
        for name, alpha in (("clear", 0), ("half", 128)):
            seen.putalpha(alpha)
            (root / "town" / f"{name}.png").write_bytes(encoded(seen, "PNG"))
        (root / "town" / "snow.png").write_bytes(encoded(Image.new("RGB", (40, 30), "white"), "PNG"))
        checked, _ = run(dataset(root))
        assert problems(checked) == {"town/clear.png": "transparent", "town/half.png": "alpha"}

    def test_odd_names(self, tmp_path):
        root = plain(tmp_path / "photos")
        names = ["ü 写真 🌄.jpg", "two\nlines.jpg", " .jpg", "'$(x);\".jpg", "[bold]x.jpg", "n" * 251 + ".jpg"]
        for number, name in enumerate(names):
            (root / "sea" / name).write_bytes(encoded(photo(100 + number)))
        checked, held = run(dataset(root))
        assert len(checked.samples) == 8 + len(names)
        assert_same_pixels(checked, held)

    def test_nothing_at_all(self, tmp_path):
        checked, held = run(dataset(tmp_path))
        assert len(checked.samples) == len(held) == 0
        assert {"width", "digest", "brightness"} <= set(checked.samples)
        assert held.take([]).shape == (0, SIZE, SIZE, 3)

    def test_nothing_readable(self, tmp_path):
        (tmp_path / "sea").mkdir()
        (tmp_path / "sea" / "gone.jpg").symlink_to("nowhere")
        checked, held = run(dataset(tmp_path))
        assert len(checked.samples) == len(held) == 0
        (tmp_path / "sea" / "empty.jpg").write_bytes(b"")
        checked, held = run(dataset(tmp_path))
        assert len(checked.samples) == len(held) == 0
        assert len(checked.problems) == 2

    def test_a_file_that_changes_meanwhile(self, tmp_path):
        root = plain(tmp_path / "photos")
        job = decoders.Job(0, str(root / "sea" / "0000.jpg"), "0" * 64, 1)
        with pixels.drafted(1, SIZE) as draft:
            (record,) = decoders.fill([job], SIZE, str(draft.file), draft.offset)
        assert record.problem == "unreadable"
        assert "changed" in record.detail


EVIL = """
    import ctypes, errno, os, signal, time
    from sightline.data.decoding import decoders

    def fill(jobs, *rest):
        for job in jobs:
            name = os.path.basename(job.path)
            if name.startswith("hang"):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a loop inside a C library does
                time.sleep(1000)
            if name.startswith("killed"):
                os.kill(os.getpid(), signal.SIGKILL)
            if name.startswith("segfault"):
                ctypes.string_at(0)
            if name.startswith("full"):
                raise OSError(errno.ENOSPC, "No space left on device")
        return decoders.fill(jobs, *rest)
"""


class TestDecodersThatMisbehave:
    """Played by a stand-in that runs in the real processes and does it when it meets certain file names."""

    @pytest.fixture(autouse=True)
    def evil(self, tmp_path, monkeypatch):
        (tmp_path / "evil_decoders.py").write_text(textwrap.dedent(EVIL))
        monkeypatch.syspath_prepend(tmp_path)
        import evil_decoders

        real = decoders.fill
        monkeypatch.setattr(decoders, "fill", evil_decoders.fill)
        yield
        decoders.fill = real
        del sys.modules["evil_decoders"]

    def test_a_hang_and_a_segfault_cost_one_file_each(self, tmp_path, monkeypatch):
        monkeypatch.setattr(decode_all, "CHUNK_SECONDS", 1.0)
        monkeypatch.setattr(decode_all, "FILE_SECONDS", 8.0)
        monkeypatch.setattr(CONSTS, "term_timeout", 0.2)
        root = plain(tmp_path / "photos", 40)
        for number, name in enumerate(("hang.jpg", "segfault.jpg")):
            (root / "sea" / name).write_bytes(encoded(photo(200 + number)))
        checked, held = run(dataset(root))
        assert problems(checked) == {"sea/hang.jpg": "timeout", "sea/segfault.jpg": "crash"}
        assert len(checked.samples) == 80
        assert_same_pixels(checked, held)
        # These will not go better next time: they are remembered.
        monkeypatch.setattr(decoders, "pool", never)
        assert problems(run(dataset(root))[0]) == problems(checked)

    def test_what_memory_pressure_kills_is_tried_again_next_time(self, tmp_path):
        root = plain(tmp_path / "photos")
        (root / "sea" / "killed.jpg").write_bytes(encoded(photo(200)))
        checked, held = run(dataset(root))
        assert problems(checked) == {"sea/killed.jpg": "crash"}
        assert_same_pixels(checked, held)
        (root / "sea" / "killed.jpg").rename(root / "sea" / "fine.jpg")
        checked, held = run(dataset(root))
        assert checked.problems.empty
        assert_same_pixels(checked, held)

    def test_a_disk_that_fills_up_meanwhile(self, tmp_path):
        root = plain(tmp_path / "photos")
        (root / "sea" / "full.jpg").write_bytes(encoded(photo(200)))
        with pytest.raises(SightlineError, match="no room"):
            run(dataset(root))
        assert entries() == []


def test_a_full_disk_stops_before_the_work(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(decoders, "pool", never)
    with pytest.raises(SightlineError, match="no room"):
        run(dataset(plain(tmp_path / "photos")))
    assert entries() == []


def after_its_first_work(monkeypatch, spoil):
    """Let something happen to the first pool of decoders once it has done some work; the next ones are left alone."""
    real = decoders.pool
    made = []

    def fragile(*args, **options):
        made.append(real(*args, **options))
        if len(made) == 1:
            made[0].schedule(os.getpid).result()
            spoil(made[0])
        return made[-1]

    monkeypatch.setattr(decoders, "pool", fragile)


def kill_workers(pool):
    for pid in list(pool._pool_manager.worker_manager.workers):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_workers_killed_between_two_chunks_are_replaced(tmp_path, monkeypatch):
    """An idle process that dies breaks Pebble's whole pool."""
    after_its_first_work(monkeypatch, kill_workers)
    assert_same_pixels(*run(dataset(plain(tmp_path / "photos"))))


@pytest.mark.parametrize("lives", [0, 1, 2])
def test_a_pool_that_refuses_work_loses_no_photo(tmp_path, monkeypatch, lives):
    """A pool whose fork server was killed is no more when the next chunk comes; another one takes that chunk."""
    real = decoders.pool
    made = []

    class Refuses:
        def __init__(self, pool):
            self.pool, self.left = pool, lives

        def schedule(self, *args, **options):
            if not self.left:
                raise RuntimeError("The Pool is not active")
            self.left -= 1
            return self.pool.schedule(*args, **options)

        def __getattr__(self, name):
            return getattr(self.pool, name)

    def fragile(*args, **options):
        made.append(real(*args, **options))
        return Refuses(made[-1]) if len(made) == 1 else made[-1]

    monkeypatch.setattr(decoders, "pool", fragile)
    monkeypatch.setattr(decode_all, "CHUNK_FILES", 2)
    assert_same_pixels(*run(dataset(plain(tmp_path / "photos"))))
    assert len(made) == 2


def test_pools_that_never_work_are_named_not_counted_as_bad_photos(tmp_path, monkeypatch):
    class Refuses:
        def schedule(self, *_, **__):
            raise RuntimeError

        def stop(self):
            pass

        join = stop

    monkeypatch.setattr(decoders, "pool", lambda *_, **__: Refuses())
    with pytest.raises(SightlineError, match="processes that decode photos are ended again and again") as caught:
        run(dataset(plain(tmp_path / "photos")))
    assert "()" not in str(caught.value) and "nan" not in str(caught.value)
    assert entries() == []


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="no fork server here")
def test_a_fork_server_that_is_killed_costs_no_photo(tmp_path, monkeypatch):
    from multiprocessing import forkserver

    def kill(pool):
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        kill_workers(pool)

    after_its_first_work(monkeypatch, kill)
    assert_same_pixels(*run(dataset(plain(tmp_path / "photos"))))


SCRIPT = """
    import sys
    from pathlib import Path
    from sightline.data import preflight
    from sightline.data.table import Dataset, problem_table, sample_table

    print("begins", flush=True)
    root = Path(sys.argv[1])
    rows = [(str(path.relative_to(root)), path.parent.name, "", "") for path in sorted(root.glob("*/*"))]
    data = Dataset("photos", root, sample_table(rows), ("sea", "town"), problem_table([]))
    checked, held = preflight.preflight(data, 24)
    print(len(held), int(held.array.sum(dtype=int)))
    print(sorted(name for name in sys.modules if name in ("torch", "timm")))
"""


def test_two_processes_build_the_same_cache_from_a_script_without_a_guard(tmp_path):
    """Also: the script is not run again in the workers, and preflight needs no torch."""
    root = plain(tmp_path / "photos", 60)
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, "-W", "error", str(script), str(root)]
    with ThreadPoolExecutor(2) as threads:
        started = [threads.submit(subprocess.run, command, capture_output=True, text=True, timeout=280) for _ in "ab"]
        both = [process.result() for process in started]
    assert [process.returncode for process in both] == [0, 0], both
    assert both[0].stdout == both[1].stdout
    assert not [line for process in both for line in process.stderr.splitlines() if " of 120 photos" not in line]
    begins, counts, heavy = both[0].stdout.splitlines()
    checked, held = run(dataset(root))
    assert (begins, counts, heavy) == ("begins", f"120 {int(held.array.sum(dtype=int))}", "[]")
    assert len(entries()) == 1
    assert_same_pixels(checked, held)


def test_workers_load_nothing_heavy(tmp_path):
    code = "import sys; import sightline.data.decoding.decoders; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "torch", "rich", "scipy", "pyarrow"} & set(loaded)
