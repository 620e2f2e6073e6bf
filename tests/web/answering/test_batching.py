"""The queue: bounded, in order, nobody's answer goes to another, late work is not begun, closing answers everyone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sightline.web.answering.batching import Batcher, Closed, Full, TooLate


def photo(number: int) -> np.ndarray:
    return np.full((2, 2, 3), number, dtype=np.uint8)


def first_pixels(batch: np.ndarray) -> list[int]:
    return [int(value) for value in batch[:, 0, 0, 0]]


class Gate:
    """A network that waits until it is told to go on, and notes what it was given."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.batches: list[int] = []

    def __call__(self, batch: np.ndarray) -> list[int]:
        self.batches.append(len(batch))
        assert self.open.wait(30)
        return first_pixels(batch)


def test_everyone_gets_their_own_answer() -> None:
    batcher = Batcher(first_pixels, batch=7, room=64)

    def ask(number: int) -> int:
        with batcher.admit() as until:
            return batcher.put(photo(number), until).result(30)

    with ThreadPoolExecutor(48) as pool:
        asked = [i % 256 for i in range(2000)]
        assert list(pool.map(ask, asked)) == asked
    batcher.close()
    assert batcher.inside == 0


def test_what_waits_is_taken_together() -> None:
    gate = Gate()
    batcher = Batcher(gate, batch=4, room=64)
    with batcher.admit(10) as until:
        answers = [batcher.put(photo(i), until) for i in range(10)]
        gate.open.set()
        assert [answer.result(30) for answer in answers] == list(range(10))
    assert sum(gate.batches) == 10 and max(gate.batches) == 4
    batcher.close()


def test_a_full_house_is_known_before_any_work() -> None:
    gate = Gate()
    batcher = Batcher(gate, batch=4, room=3)
    with batcher.admit(2), batcher.admit(1):
        with pytest.raises(Full) as full, batcher.admit():
            pass
        assert full.value.retry_after >= 1
    with batcher.admit(3):  # room again
        pass
    gate.open.set()
    batcher.close()


def test_more_than_the_house_holds_is_let_in_when_it_is_empty() -> None:
    batcher = Batcher(first_pixels, room=3)
    with batcher.admit(10) as until:
        assert [batcher.put(photo(i), until) for i in range(10)][9].result(30) == 9
        with pytest.raises(Full), batcher.admit():
            pass
    batcher.close()


def test_work_past_its_deadline_is_not_begun() -> None:
    gate = Gate()
    batcher = Batcher(gate, batch=1, room=8)
    with batcher.admit(2):
        soon = batcher.put(photo(1), time.monotonic() + 60)
        late = batcher.put(photo(2), time.monotonic() - 1)
        gate.open.set()
        assert soon.result(30) == 1
        with pytest.raises(TooLate):
            late.result(30)
    assert gate.batches == [1]
    batcher.close()


def test_a_failing_batch_tells_everyone_and_the_next_one_works() -> None:
    calls = []

    def fragile(batch: np.ndarray) -> list[int]:
        calls.append(len(batch))
        if len(calls) == 1:
            raise ValueError("broken")
        return first_pixels(batch)

    batcher = Batcher(fragile, batch=1, room=8)
    with batcher.admit(2) as until:
        with pytest.raises(ValueError, match="broken"):
            batcher.put(photo(1), until).result(30)
        assert batcher.put(photo(2), until).result(30) == 2
    batcher.close()


def test_too_few_answers_are_nobodys_answers() -> None:
    batcher = Batcher(lambda batch: first_pixels(batch)[1:], batch=4, room=8)
    with batcher.admit() as until, pytest.raises(RuntimeError, match="1 photos got 0 answers"):
        batcher.put(photo(1), until).result(30)
    batcher.close()


def test_other_work_has_the_network_to_itself() -> None:
    threads = set()

    def note(batch: np.ndarray) -> list[int]:
        threads.add(threading.get_ident())
        return first_pixels(batch)

    batcher = Batcher(note, batch=8, room=32)
    with batcher.admit(9) as until:
        photos = [batcher.put(photo(i), until) for i in range(4)]
        other = batcher.call(threading.get_ident, until)
        photos += [batcher.put(photo(i), until) for i in range(4, 8)]
        assert [each.result(30) for each in photos] == list(range(8))
        assert {other.result(30)} == threads
    batcher.close()


def test_closing_answers_those_inside_and_lets_nobody_in() -> None:
    gate = Gate()
    batcher = Batcher(gate, batch=2, room=8)
    answers = []

    def ask(number: int) -> None:
        with batcher.admit() as until:
            answers.append(batcher.put(photo(number), until).result(30))

    asking = [threading.Thread(target=ask, args=(i,)) for i in range(5)]
    for thread in asking:
        thread.start()
    while batcher.inside < 5:
        time.sleep(0.001)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    while not batcher._closed:
        time.sleep(0.001)
    with pytest.raises(Closed), batcher.admit():
        pass
    gate.open.set()
    closing.join(30)
    assert not closing.is_alive()
    for thread in asking:
        thread.join(30)
    assert sorted(answers) == [0, 1, 2, 3, 4]
