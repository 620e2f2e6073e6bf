"""A TIFF's directory: only what the picture needs is ever loaded."""

import struct
import tracemalloc

import pytest
from PIL import Image

from pictures import assert_quarters, encoded, fails, quarters
from sightline.data.decoding import tiff
from sightline.data.decoding.decode import decode
from traps import crowded_tiff


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"big_tiff": True}])
def test_ordinary_ones_are_sane_and_whole(options):
    data = encoded(quarters(), "TIFF", **options)
    assert_quarters(decode(data).image, 20)
    assert not tiff.cut_short(data)
    assert {entry.tag for entry in tiff.entries(data)} >= {256, 257, 258, tiff.STRIP_OFFSETS}


@pytest.mark.parametrize(("tags", "size"), [(1, 50_000), (40, 100_000), (20_000, 3_000_000), (60_000, 1000)])
def test_tags_that_are_not_used_are_not_loaded(tags, size):
    tracemalloc.start()
    assert decode(crowded_tiff(tags, size)).width == 8
    assert tracemalloc.get_traced_memory()[1] < 4 * size + 10_000_000
    tracemalloc.stop()


def _retagged(data: bytes, tag: int, kind: int, values: int) -> bytes:
    """The same TIFF, whose software tag has become this one."""
    changed = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    for entry in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, entry)[0] == 305:
            struct.pack_into("<HHII", changed, entry, tag, kind, values, 8)
            return bytes(changed)
    raise AssertionError("no such tag")


def test_needed_tags_that_share_their_bytes_are_refused():
    data = encoded(quarters(), "TIFF", software="some program or other")
    for tag in (320, 347, 512, 532):
        assert "claim" in fails(_retagged(data, tag, 7, len(data) + 1), "corrupt")


@pytest.mark.parametrize("tag", [270, 305, 306, 315, 700, 33723, 34377, 34665, 34675, 34853, 37724, 50000])
@pytest.mark.parametrize("kind", [0, 2, 3, 5, 7, 12, 99])
@pytest.mark.parametrize("values", [0, 1, 1000, 0xFFFFFFFF])
def test_what_is_not_used_costs_no_photo(tag, kind, values):
    data = encoded(quarters(), "TIFF", software="some program or other")
    assert_quarters(decode(_retagged(data, tag, kind, values)).image)


@pytest.mark.parametrize("big", [False, True])
def test_the_pages_and_the_turn_stay(big):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quarters().transpose(Image.Transpose.ROTATE_90)
    data = encoded(stored, "TIFF", exif=exif, save_all=True, append_images=[Image.new("RGB", (9, 9))] * 3, big_tiff=big)
    found = decode(data)
    assert found.notes == ("exif-rotated", "pages: first one")
    assert_quarters(found.image)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_end_is_missed(share):
    data = encoded(quarters(), "TIFF")
    assert tiff.cut_short(data[: int(len(data) * share)])
