"""Pictures from strangers: right when they are right, an answer when they are not, and the caller lives on."""

import io
import os
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from pebble import CONSTS
from PIL import Image

from sightline.data.decoding import quarantine
from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.quarantine import Quarantine, decode_untrusted


def encoded(image: Image.Image, fmt: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


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
