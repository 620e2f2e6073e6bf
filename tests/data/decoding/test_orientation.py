"""The orientation is found in every form that cameras write, and nothing in EXIF can hurt."""

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline.data.decoding.orientation import orientation
from traps import crowded_exif


@pytest.mark.parametrize("value", range(1, 9))
def test_as_pillow_writes_it(value):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x0131] = "a maker", value, "a program"
    assert orientation(exif.tobytes()) == value
    assert orientation(exif.tobytes().removeprefix(b"Exif\0\0")) == value


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "code"), [(1, "Bxxx"), (3, "Hxx"), (4, "I")])
def test_both_byte_orders_and_every_whole_number(order, kind, code):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    block = mark + struct.pack(order + "IHHHI" + code, 8, 1, 0x0112, kind, 1, 8)
    assert orientation(block) == 8


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_nonsense_is_upright(value):
    assert orientation(b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, value, 0)) == 1


def test_xmp_counts_where_exif_says_nothing():
    xmp = b'<rdf:Description tiff:Orientation="3"/>'
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    assert orientation(b"", xmp) == orientation(exif.tobytes(), xmp) == 3
    exif[0x0112] = 6
    assert orientation(exif.tobytes(), xmp) == 6
    assert orientation(b"", b'tiff:Orientation="9"') == 1


def test_crowded_tags_take_no_memory():
    exif = crowded_exif(60_000, 1_000_000)
    tracemalloc.start()
    assert orientation(exif) == 6
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


STARTS = [b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"]


@given(st.sampled_from(STARTS), st.binary(max_size=80), st.binary(max_size=40))
def test_anything_else_is_a_number_from_1_to_8(start, rest, xmp):
    assert orientation(start + rest, xmp) in range(1, 9)
