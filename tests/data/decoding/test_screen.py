"""What is known to be harmless is, and nothing else is called so."""

import random
import struct

import pytest
from PIL import Image

from pictures import FORMATS, encoded, quarters
from sightline.data.decoding.decode import decode
from sightline.data.decoding.opening import file_format
from sightline.data.decoding.regular import Undecodable
from sightline.data.decoding.screen import HARMLESS_PIXELS, screened
from traps import scan_bomb


def harmless(data: bytes) -> bool:
    return screened(data, file_format(data[:1024])).harmless


@pytest.mark.parametrize("fmt", FORMATS)
def test_ordinary_photos_of_the_usual_formats(fmt):
    assert harmless(encoded(quarters(), fmt, **FORMATS[fmt])) == (fmt in ("JPEG", "PNG", "WEBP"))


@pytest.mark.parametrize(
    ("fmt", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"quality": 30, "subsampling": 0}),
        ("PNG", {"compress_level": 9}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 50}),
        ("WEBP", {"save_all": True, "append_images": [quarters()]}),
    ],
)
def test_ordinary_ways_of_saving(fmt, options):
    assert harmless(encoded(quarters(), fmt, **options))


def _resized(data: bytes, width: int, height: int) -> bytes:
    """The same JPEG, which now claims to be so large."""
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def test_large_ones_are_not():
    assert harmless(_resized(encoded(quarters(), "JPEG"), 8000, 8000))
    assert not harmless(_resized(encoded(quarters(), "JPEG"), 8001, 8000))
    assert not harmless(encoded(Image.new("1", (8001, 8000)), "PNG"))
    lossless = bytearray(encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    lossless[21:25] = (0x3FFF | 0x3FFF << 14).to_bytes(4, "little")
    assert not harmless(bytes(lossless))
    large = b"RIFF\xff\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (9999).to_bytes(3, "little") * 2
    assert not harmless(large)
    assert HARMLESS_PIXELS == 8000 * 8000


def test_many_scans_of_a_large_picture_are_not():
    assert harmless(scan_bomb(60, 1000))
    assert not harmless(scan_bomb(60, 3000))


def test_unusual_coding_is_not():
    data = bytearray(encoded(quarters(), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = 0xC9  # arithmetic
    assert not harmless(bytes(data))


def test_what_does_not_say_its_size_is_not():
    assert not harmless(b"RIFF\x10\0\0\0WEBPVP9 \x04\0\0\0abcd")
    assert not harmless(b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0")
    assert not harmless(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_damage_in_a_cameras_notes_costs_no_photo(fmt):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "MAKER-" * 30, 1
    data = encoded(quarters(), fmt, exif=exif.tobytes(), **FORMATS[fmt])
    notes = data.index(b"MAKER-")
    # In a TIFF the camera's notes are tags among those of the picture; elsewhere they are a block of their own.
    start = notes if fmt == "TIFF" else max(data.rfind(mark, 0, notes) for mark in (b"II*\0", b"MM\0*"))
    chance = random.Random(0)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(chance.randrange(1, 20)):
            damaged[chance.randrange(start, notes + 180)] = chance.choice([0, 255, chance.randrange(256)])
        decode(bytes(damaged))


def test_traps_are_refused():
    with pytest.raises(Undecodable):
        harmless(scan_bomb(500))
