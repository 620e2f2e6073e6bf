"""Damage in the middle of a JPEG is found, and good photos of every writer are left in peace."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from pictures import encoded, quarters
from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.intact import require_intact
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.scenes.write import draw
from traps import segment, with_segments
from writers import WRITERS, photo

MORE_WRITERS = {**WRITERS, "progressive": {"progressive": True}, "grey": {}, "inks": {}}


@pytest.mark.parametrize("name", MORE_WRITERS)
def test_good_photos_of_many_writers_are_left_in_peace(name):
    for number, kind in enumerate(("sea", "forest", "street", "glacier")):
        image = draw(kind, number, 96).resize((50 + 37 * number, 90 - 13 * number))
        mode = {"grey": "L", "inks": "CMYK"}.get(name, "RGB")
        require_intact(encoded(image.convert(mode), "JPEG", **MORE_WRITERS[name]))
        pixels = np.asarray(image)
        for quality in (20, 90):
            require_intact(simplejpeg.encode_jpeg(pixels, quality=quality, colorsubsampling="420"))


def test_all_real_photos_are_left_in_peace(real_photos: Path) -> None:
    for file in sorted(real_photos.glob("*/*.jpg"))[::20]:
        require_intact(file.read_bytes())


@pytest.mark.prove
def test_20000_good_photos_are_left_in_peace(real_photos: Path) -> None:
    count = 0
    for file in sorted(real_photos.parent.glob("*/*/*.jpg")):
        require_intact(file.read_bytes())
        count += 1
    for number in range(1300):
        image = draw(("sea", "forest", "street", "glacier", "mountain", "buildings")[number % 6], number, 64)
        image = image.resize((40 + number % 90, 40 + number // 7 % 90))
        for name, options in MORE_WRITERS.items():
            mode = {"grey": "L", "inks": "CMYK"}.get(name, "RGB")
            require_intact(encoded(image.convert(mode), "JPEG", **{"quality": 10 + number % 90, **options}))
            count += 1
    assert count >= 20_000


FILLED = {
    "with zeros before the end": lambda data: data[:-2] + bytes(40) + b"\xff\xd9",
    "with ones before the end": lambda data: data[:-2] + b"\xff" * 40 + b"\xff\xd9",
    "after the end": lambda data: data + b"a preview" * 100,
    "with a second picture": lambda data: data + data,
    "with what nobody knows": lambda data: with_segments(data, segment(0xEE, b"Adobe\0\x65\0\0\0\0\7")),
}


@pytest.mark.parametrize("name", FILLED)
def test_what_cameras_add_is_no_damage(name):
    require_intact(FILLED[name](encoded(photo(), "JPEG")))


def _damaged(data: bytes, chance: random.Random, way: str) -> bytes:
    start = data.rfind(b"\xff\xda") + 14
    size = (len(data) - start) // 8
    place = chance.randrange(start + size, len(data) - 3 * size)
    fill = {
        "zeros": bytes(size),
        "ones": b"\xff\0" * (size // 2),
        "text": (b"this is another file's content. " * size)[:size],
        "another photo's": encoded(quarters(300, 300), "JPEG", quality=99)[700 : 700 + size],
        "lost": b"",
    }[way]
    return data[:place] + fill + data[place + size :]


# The passes of a progressive photo that only refine it can be read from nearly any text, so that is not among these.
@pytest.mark.parametrize(
    ("way", "options"),
    [
        (way, options)
        for options in ({}, {"progressive": True}, {"restart_marker_rows": 1})
        for way in ("zeros", "ones", "text", "another photo's", "lost")
        if (way, options) != ("text", {"progressive": True})
    ],
    ids=str,
)
def test_damage_in_the_middle_is_found(way, options):
    chance, found, count = random.Random(0), 0, 0
    for number in range(30):
        data = _damaged(encoded(photo(number, (220, 200)), "JPEG", quality=85, **options), chance, way)
        try:
            decode(data)
        except Undecodable:
            continue  # a decoder notices by itself
        count += 1
        try:
            require_intact(data)
        except Undecodable as error:
            assert error.problem == "corrupt"
            assert "damaged in its middle" in error.detail
            found += 1
    assert found >= 0.9 * count


def test_the_share_is_said():
    data = encoded(photo(0, (400, 400)), "JPEG", quality=90)
    half = (data.rfind(b"\xff\xda") + len(data)) // 2
    with pytest.raises(Undecodable, match=r"at least [3-6]\d% of the picture is lost"):
        require_intact(data[:half] + bytes(400) + data[half + 400 :])
    progressive = bytearray(encoded(photo(0, (400, 400)), "JPEG", quality=90, progressive=True))
    progressive[len(progressive) // 2 : len(progressive) // 2 + 600] = bytes(600)
    with pytest.raises(Undecodable, match="cannot be told"):
        require_intact(bytes(progressive))


def test_the_preflight_leaves_it_out(tmp_path: Path) -> None:
    for label in ("sea", "street"):
        (tmp_path / label).mkdir()
        for number in range(4):
            draw(label, number, 96).save(tmp_path / label / f"{number}.jpg", quality=90)
    file = tmp_path / "sea" / "2.jpg"
    data = file.read_bytes()
    middle = (data.rfind(b"\xff\xda") + len(data)) // 2
    file.write_bytes(data[:middle] + bytes(300) + data[middle + 300 :])
    Image.open(io.BytesIO(file.read_bytes())).load()  # Pillow sees nothing
    checked, _ = preflight(open_dataset(tmp_path), 32)
    assert len(checked.samples) == 7
    (row,) = checked.problems[checked.problems["action"] == "left out"].itertuples()
    assert (row.path, row.problem) == ("sea/2.jpg", "corrupt")
    assert "of the picture is lost" in row.detail
