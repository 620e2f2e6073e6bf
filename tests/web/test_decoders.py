"""Whose photo is next: fair between clients, never beyond a deadline, and what takes too long is killed."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.fit import square
from sightline.web import decoders as module
from sightline.web.decoders import Decoders, Turns
from sightline.web.replies import Refused


def _soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


class Visitors:
    """Clients that each hold their turn until they are told to let it go."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.order, self.pool = turns, [], ThreadPoolExecutor(64)
        self.changed = threading.Condition()
        self.leave: dict[int, threading.Event] = {}
        self.number = 0

    def come(self, client: str) -> int:
        """One more request; returns once it waits for its turn or has it."""
        self.number += 1
        number = self.number
        self.leave[number] = threading.Event()
        before = len(self.turns._waiting) + len(self.order)
        self.pool.submit(self._stay, client, number)
        while len(self.turns._waiting) + len(self.order) == before:
            time.sleep(0.001)
        return number

    def _stay(self, client: str, number: int) -> None:
        with self.turns.turn(client, _soon()):
            with self.changed:
                self.order.append((client, number))
                self.changed.notify_all()
            assert self.leave[number].wait(60)

    def inside(self, count: int) -> list[tuple[str, int]]:
        """Those who have had a turn so far, once there are `count` of them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.order) >= count, 60)
            return list(self.order)


@pytest.fixture
def visitors() -> Iterator[Visitors]:
    made = Visitors(Turns(2))
    yield made
    for event in made.leave.values():
        event.set()
    made.pool.shutdown()


def test_one_client_holds_one_decoder_however_many_are_free(visitors: Visitors) -> None:
    crowd = [visitors.come("crowd") for _ in range(20)]
    assert visitors.inside(1) == [("crowd", crowd[0])]
    visitors.come("single")
    assert visitors.inside(2)[1][0] == "single"  # though twenty came before
    visitors.leave[crowd[0]].set()
    assert visitors.inside(3)[2] == ("crowd", crowd[1])


def test_a_free_decoder_goes_to_whoever_was_served_longest_ago() -> None:
    visitors = Visitors(Turns(1))
    first = visitors.come("a")
    visitors.inside(1)
    others = [visitors.come(client) for client in ("a", "a", "b", "a", "c")]
    for number in (first, others[2], others[4], others[0], others[1], others[3]):
        visitors.leave[number].set()
    assert [client for client, _ in visitors.inside(6)] == ["a", "b", "c", "a", "a", "a"]
    visitors.pool.shutdown()


def test_nobody_waits_beyond_the_deadline(visitors: Visitors) -> None:
    visitors.come("a")
    visitors.inside(1)
    started = time.monotonic()
    with pytest.raises(Refused) as refused, visitors.turns.turn("a", _soon(0.1)):
        pass
    assert refused.value.status == 504 and time.monotonic() - started < 30
    assert not visitors.turns._waiting  # whoever gave up stands in nobody's way


def test_a_turn_that_fails_is_given_back() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), turns.turn("a", _soon()):
            raise ValueError("broken")
    with turns.turn("b", _soon()):
        pass
    assert turns._free == 1 and not turns._inside


@pytest.fixture(scope="module")
def processes() -> Iterator[Decoders]:
    made = Decoders(2)
    yield made
    made.close()


def _jpeg(size: tuple[int, int] = (1600, 1000)) -> bytes:
    ramp = np.linspace(0, 255, size[0] * size[1] * 3).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(ramp.reshape(size[1], size[0], 3)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize("size", [32, 64, 224])
def test_one_look_gives_the_pixels_of_training_and_a_picture_for_people(processes: Decoders, size: int) -> None:
    content = _jpeg()
    seen = processes.look(content, 10**7, size=size, side=960, until=_soon())
    np.testing.assert_array_equal(seen.square, square(decode(content, target=size).image, size))
    assert 480 <= max(Image.open(io.BytesIO(seen.picture)).size) <= 960
    assert (seen.width, seen.height) == (1600, 1000)


def test_a_photo_is_decoded_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    from sightline.web import look as looking

    times = []
    monkeypatch.setattr(looking, "decode", lambda *args, **kwargs: times.append(1) or decode(*args, **kwargs))
    looking.look(_jpeg((3000, 2000)), 10**8, size=224, side=960)
    assert len(times) == 1


def test_what_takes_too_long_is_killed_and_the_next_photo_is_read(
    processes: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = processes._processes.run
    hang = lambda _, __, **limits: run(time.sleep, (600,), **limits)
    monkeypatch.setattr(processes._processes, "run", hang)
    monkeypatch.setattr(module, "SECONDS", 0.3)
    with pytest.raises(Undecodable, match="timeout"):
        processes.look(b"", 1, until=_soon())
    with pytest.raises(Refused) as refused:  # its own time was not over when the deadline came
        processes.look(b"", 1, until=_soon(0.2))
    assert refused.value.status == 504
    monkeypatch.undo()
    assert processes.look(_jpeg(), 10**7, size=32, until=_soon()).square is not None


def test_a_file_is_shown_only_if_it_is_the_one_that_was_meant(processes: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(_jpeg())
    digest = sha256(path.read_bytes()).hexdigest()
    assert processes.look(str(path), 10**7, side=256, digest=digest, until=_soon()).picture
    for other in ("", "0" * 64, digest.upper()):
        with pytest.raises(Undecodable, match="not the file"):
            processes.look(str(path), 10**7, side=256, digest=other, until=_soon())
