"""Pictures from strangers: right when they are right, an answer when they are not, and the caller lives on."""

import os
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from pebble import CONSTS
from PIL import Image

from pictures import FORMATS
from pictures import encoded as encoded_as
from sightline.data.decoding import quarantine
from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.fit import square
from sightline.data.decoding.quarantine import (
    Quarantine,
    decode_guarded,
    decode_untrusted,
    dimensions_guarded,
    square_guarded,
)
from traps import scan_bomb, slow_bmp


def encoded(image: Image.Image, fmt: str = "PNG", **options) -> bytes:
    return encoded_as(image, fmt, **options)


def noise(seed: int = 0, size: tuple[int, int] = (60, 50)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


@pytest.fixture
def two():
    made = Quarantine(workers=2)
    yield made
    made.close()


def test_same_as_here():
    try:
        for data in (encoded(noise()), encoded(noise(1).convert("CMYK"), "JPEG"), encoded(noise(2), "GIF")):
            here, there = decode(data, target=16), decode_untrusted(data, target=16)
            assert here.image.tobytes() == there.image.tobytes()
            assert (here.width, here.height, here.mode, here.format, here.notes) == (
                *(there.width, there.height, there.mode, there.format, there.notes),
            )
    finally:
        quarantine._shared.close()


class TestGuarded:
    """What is harmless is decoded here, everything else in the processes; the answers are the same."""

    @pytest.fixture
    def elsewhere(self, monkeypatch):
        """Processes of its own, and a list of what they were given."""
        made, given = Quarantine(workers=1), []
        monkeypatch.setattr(quarantine, "_shared", made)
        real = made.run
        monkeypatch.setattr(
            made, "run", lambda work, *rest, **limits: (given.append(work.__name__), real(work, *rest, **limits))[1]
        )
        yield given
        made.close()

    @pytest.mark.parametrize("fmt", FORMATS)
    def test_same_as_without(self, fmt, elsewhere, tmp_path, monkeypatch):
        data = encoded(noise(), fmt, **FORMATS[fmt])
        (tmp_path / "photo").write_bytes(data)
        expected = decode(data, target=20)
        monkeypatch.chdir(tmp_path)  # a relative path is the same in the other process
        for source in (data, tmp_path / "photo", "photo"):
            assert decode_guarded(source, target=20).image.tobytes() == expected.image.tobytes()
            assert (square_guarded(source, 20) == square(expected.image, 20)).all()
        assert dimensions_guarded("photo") == (60, 50)
        assert len(elsewhere) == (0 if fmt in ("JPEG", "PNG", "WEBP") else 7)

    def test_what_is_in_memory_stays_here(self, elsewhere):
        image = noise()
        assert (square_guarded(image, 20) == square_guarded(np.asarray(image), 20)).all()
        assert decode_guarded(image).image.tobytes() == image.tobytes()
        assert elsewhere == []

    def test_what_hangs_is_stopped(self, elsewhere, tmp_path):
        (tmp_path / "slow.bmp").write_bytes(slow_bmp())
        for ask in (decode_guarded, lambda source, seconds: square_guarded(source, 20, seconds=seconds)):
            with pytest.raises(Undecodable) as caught:
                ask(tmp_path / "slow.bmp", seconds=0.5)
            assert (caught.value.problem, caught.value.detail) == ("timeout", "decoding it took more than 0.5 seconds")
        assert square_guarded(encoded(noise(), "GIF"), 20).shape == (20, 20, 3)

    def test_what_is_refused_takes_no_process(self, elsewhere):
        for ask in (decode_untrusted, decode_guarded):
            for data in (scan_bomb(500), b"", b"hello"):
                with pytest.raises(Undecodable):
                    ask(data)
        assert elsewhere == []

    def test_a_file_that_is_not_there(self, elsewhere, tmp_path):
        for ask in (decode_guarded, dimensions_guarded, lambda path: square_guarded(path, 20)):
            with pytest.raises(Undecodable) as caught:
                ask(tmp_path / "none.gif")
            assert caught.value.problem == "unreadable"


def test_what_is_wrong_is_named(two):
    for data, problem in ((b"", "empty"), (b"hello", "not-an-image"), (encoded(noise())[:-99], "truncated")):
        with pytest.raises(Undecodable) as caught:
            two.decode(data, 10, 10_000, None)
        assert caught.value.problem == problem
    with pytest.raises(Undecodable) as caught:
        two.decode(encoded(noise()), 10, 2_999, None)
    assert caught.value.problem == "too-large"


def test_memory_is_limited():
    tight = Quarantine(workers=1, memory=100 << 20)
    try:
        with pytest.raises(Undecodable) as caught:
            tight.decode(encoded(Image.new("1", (12_000, 12_000)), "PNG"), 60, 150_000_000, None)
        assert caught.value.problem == "too-large"
        assert tight.decode(encoded(noise()), 10, 10_000, None).width == 60
    finally:
        tight.close()


def test_many_threads_at_once(two):
    pictures = [noise(seed) for seed in range(24)]
    answers: dict[int, bytes] = {}

    def ask(number: int) -> None:
        answers[number] = two.decode(encoded(pictures[number]), 30, 10_000, None).image.tobytes()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers[number] == picture.tobytes() for number, picture in enumerate(pictures))


EVIL = """
    import ctypes, os, signal, time
    from sightline.data.decoding import quarantine

    def decode(data, *rest):
        if data == b"hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(1000)
        if data == b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if data == b"segfault":
            ctypes.string_at(0)
        if data == b"exit":
            os._exit(0)
        return quarantine._decode(data, *rest)
"""


class TestWhenDecodersMisbehave:
    @pytest.fixture(autouse=True)
    def evil(self, tmp_path, monkeypatch):
        """A stand-in that runs in the real processes."""
        (tmp_path / "evil_quarantine.py").write_text(textwrap.dedent(EVIL))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(CONSTS, "term_timeout", 0.2)
        import evil_quarantine

        real = quarantine._decode
        monkeypatch.setattr(quarantine, "_decode", evil_quarantine.decode)
        yield
        quarantine._decode = real
        del sys.modules["evil_quarantine"]

    @pytest.mark.parametrize(
        ("data", "problem"),
        [(b"killed", "crash"), (b"segfault", "crash"), (b"hang", "timeout"), (b"exit", "timeout")],
    )
    def test_it_answers_and_works_on(self, two, data, problem):
        for _ in range(2):
            with pytest.raises(Undecodable) as caught:
                two.decode(data, 1.0, 10_000, None)
            assert caught.value.problem == problem
            assert two.decode(encoded(noise()), 20, 10_000, None).width == 60

    def test_others_are_served_while_one_hangs(self, two):
        with pytest.raises(Undecodable):
            two.decode(b"", 20, 1, None)  # both processes are up after this
        failed = []

        def hang() -> None:
            try:
                two.decode(b"hang", 3.0, 1, None)
            except Undecodable as error:
                failed.append(error.problem)

        thread = threading.Thread(target=hang)
        thread.start()
        time.sleep(0.2)
        assert two.decode(encoded(noise()), 20, 10_000, None).width == 60
        assert failed == []
        thread.join()
        assert failed == ["timeout"]


def test_idle_processes_that_are_killed_are_replaced(two):
    assert two.decode(encoded(noise()), 20, 10_000, None).width == 60
    for pid in list(two._pool._pool_manager.worker_manager.workers):
        os.kill(pid, 9)
    time.sleep(0.5)
    assert two.decode(encoded(noise()), 20, 10_000, None).width == 60


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes can fork")
def test_a_forked_server_process_gets_its_own(two):
    assert two.decode(encoded(noise()), 20, 10_000, None).width == 60
    inherited = two._pool
    two._owner = -1  # what a forked process sees: a pool whose owner is another process
    assert two.decode(encoded(noise()), 20, 10_000, None).width == 60
    assert two._pool is not inherited
    inherited.stop()
    inherited.join()


def test_close_is_not_the_end(two):
    two.close()
    two.close()
    assert two.decode(encoded(noise()), 20, 10_000, None).width == 60
