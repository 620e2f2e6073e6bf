"""The walk reads every good JPEG to its end, and stops where one is damaged."""

import random

import numpy as np
import pytest
from PIL import Image

from pictures import encoded, quarters
from sightline.data.decoding import entropy, jpeg
from writers import WRITERS, photo


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 9), (150, 131), (64, 300)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_good_ones_are_read_to_their_end(name, size, mode):
    found = entropy.walk(encoded(photo(size=size).convert(mode), "JPEG", **WRITERS[name]))
    assert (found.sound, found.missing, found.rest) == (found.units, 0, 0)
    assert not found.nonsense
    assert found.lost == 0


def test_extremes_are_no_nonsense():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 2, (96, 96, 3), np.uint8) * 255)
    stripes = Image.fromarray(np.tile(np.array([0, 255] * 48, np.uint8), (96, 1)))
    for image in (noise, stripes, quarters(), Image.new("RGB", (96, 96), "white")):
        for quality in (1, 50, 95, 100):
            assert not entropy.walk(encoded(image, "JPEG", quality=quality, subsampling=0)).nonsense


def _body(data: bytes) -> tuple[int, int]:
    start = data.rfind(b"\xff\xda")
    return start + 2 + int.from_bytes(data[start + 2 : start + 4], "big"), len(data) - 2


@pytest.mark.parametrize("where", [0.2, 0.5, 0.8])
def test_the_share_that_is_lost(where):
    data = encoded(photo(size=(320, 320)), "JPEG", quality=90)
    start, end = _body(data)
    place = start + int(where * (end - start))
    empty = entropy.walk(data[:place] + bytes(200) + data[place + 200 :])
    assert empty.nonsense
    assert abs(empty.lost - (1 - where)) < 0.2
    # Other bytes may make sense for a while: what is said is the least that is lost.
    other = random.Random(1).randbytes(200).replace(b"\xff", b"\xfe")
    found = entropy.walk(data[:place] + other + data[place + 200 :])
    assert found.nonsense
    assert found.lost < 1 - where + 0.2


def test_between_restart_markers_the_rest_is_sound():
    data = encoded(photo(size=(320, 320)), "JPEG", quality=90, restart_marker_rows=1)
    start, _ = _body(data)
    place = data.index(b"\xff\xd3", start) + 20
    found = entropy.walk(data[:place] + bytes(100) + data[place + 100 :])
    assert found.nonsense
    assert 0.01 < found.lost < 0.2


def test_what_is_cut_off_is_missing():
    data = encoded(photo(), "JPEG")
    start, end = _body(data)
    found = entropy.walk(data[: (start + end) // 2] + b"\xff\xd9")
    assert found.missing > 20
    more = entropy.walk(data[:-2] + b"12345678" + b"\xff\xd9")
    assert (more.nonsense, more.missing, more.rest) == (False, 0, 8)
    assert entropy.walk(data[:-2] + bytes(8) + b"\xff\xd9").rest == 0  # as some cameras fill up


def test_what_cannot_be_told():
    data = encoded(photo(), "JPEG")
    assert entropy.walk(encoded(photo(), "JPEG", progressive=True)) is None
    assert entropy.walk(b"\xff\xd8\xff\xd9") is None
    assert entropy.walk(encoded(photo(), "PNG")) is None
    large = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8)), "JPEG")
    assert len(large) > 300_000
    tables = data.index(b"\xff\xc4")
    assert entropy.walk(data[: tables + 5] + b"\xff" * 16 + data[tables + 21 :]) is None


def test_tables_of_every_kind_of_nonsense_are_survived():
    chance = random.Random(0)
    data = encoded(photo(size=(40, 40)), "JPEG")
    head = jpeg.header(data)
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            changed[chance.randrange(2, head.scan + 14)] = chance.randrange(256)
        found = entropy.walk(bytes(changed))
        assert found is None or 0 <= found.lost <= 1
