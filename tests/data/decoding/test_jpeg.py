"""A JPEG's markers: read as libjpeg reads them, and only as long as that is cheap."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from pictures import assert_quarters, encoded, fails, quarters
from sightline.data.decoding import jpeg
from sightline.data.decoding.decode import decode
from sightline.data.decoding.regular import Undecodable
from traps import one_colour_at_a_time, scan_bomb, segment, with_segments


def scans(data: bytes) -> int:
    return jpeg.scans(data, jpeg.header(data).scan)


@pytest.mark.parametrize(
    ("options", "expected"), [({}, 1), ({"progressive": True}, 10), ({"restart_marker_rows": 1}, 1)]
)
def test_scans_and_size_of_ordinary_photos(options, expected):
    data = encoded(quarters(), "JPEG", **options)
    head = jpeg.header(data)
    assert (head.width, head.height, head.components) == (96, 64, 3)
    assert scans(data) == expected


class TestScanBombs:
    @pytest.mark.parametrize("more", [95, 101, 3000])
    def test_too_many_are_refused_whatever_they_are_called(self, more):
        comment = segment(0xFE, b"between the scans")
        for data in (scan_bomb(more), scan_bomb(more, between=comment), one_colour_at_a_time(more + 10)):
            assert "scans" in fails(data, "corrupt")

    def test_as_many_as_encoders_write_are_not(self):
        assert decode(scan_bomb(jpeg.MOST_SCANS - 10)).width == 64

    def test_what_only_looks_like_a_scan_is_not_counted(self):
        data = encoded(quarters(), "JPEG", quality=95)
        thumbnail = b"\xff\xda\0\2" * 16_000
        assert_quarters(decode(with_segments(data, segment(0xE1, thumbnail))).image)
        assert_quarters(decode(data + data * 200).image)  # behind the end of the picture
        between = segment(0xED, b"\xff\xda" * 20_000)
        assert scans(scan_bomb(2, between=between)) == 12

    def test_rubbish_between_the_markers_hides_none(self):
        for rubbish in (b"\0" * 9, b"\xff" * 9, b"\xff\0", b"\xff\xd3", b"\xff\x01", b"\xff\x02"):
            assert scans(scan_bomb(200, between=rubbish)) == jpeg.MOST_SCANS + 1


@pytest.mark.parametrize("rubbish", [b"\xff" * 3_000_000, b"\xff\0" * 3_000_000, b"\xff\xd0" * 3_000_000])
def test_rubbish_before_the_picture_is_passed_over(rubbish):
    data = encoded(quarters(), "JPEG", quality=95)
    table = data.index(b"\xff\xdb")
    assert_quarters(decode(data[:table] + rubbish + data[table:]).image)


def test_a_million_blocks_are_refused():
    data = encoded(quarters(), "JPEG")
    assert "blocks" in fails(with_segments(data, segment(0xFE, b"") * 1_000_000), "corrupt")


def test_without_a_picture():
    data = encoded(quarters(), "JPEG")
    scan = data.index(b"\xff\xda")
    fails(data[:scan], "truncated")
    fails(data[:scan] + b"\xff\xd9", "corrupt")
    fails(data[:scan] + segment(0xFE, b"x") + b"\xff\xe1\0\0" + data[scan:], "corrupt")


METADATA = {
    "JFIF cut short": segment(0xE0, b"JFIF\0"),
    "JFIF with a thumbnail": segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\xff\xff"),
    "maker notes": segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\1\0\x7c\x92\7\0\xff\xff\xff\7\1\0\0\0"),
    "XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta"),
    "profile": segment(0xE2, b"ICC_PROFILE\0\1\2" + b"\xff" * 100),
    "index of further pictures": segment(0xE2, b"MPF\0II*\0\x08\0\0\0\1\0\1\xb0\7\0\xff\xff\xff\xff\0\0\0\0"),
    "index that is no index": segment(0xE2, b"MPF\0" + b"\xff" * 40),
    "FlashPix": segment(0xE2, b"FPXR\0"),
    "Photoshop": segment(0xED, b"Photoshop 3.0\x008BIM" + b"\xff" * 11),
    "Adobe cut short": segment(0xEE, b"Adobe"),
    "comment": segment(0xFE, b"\xff\xfe\0"),
    "nothing": segment(0xE4, b""),
}


@pytest.mark.parametrize("name", METADATA)
def test_what_is_not_used_costs_no_photo(name):
    plain = encoded(quarters(), "JPEG", quality=95)
    expected = np.asarray(decode(plain).image)
    for many in (1, 40):
        found = decode(with_segments(plain, *[METADATA[name]] * many))
        assert (np.asarray(found.image) == expected).all()
        assert found.notes == ()


def test_what_the_colours_need_is_kept():
    for image in (quarters(), quarters().convert("CMYK"), quarters().convert("L")):
        data = encoded(image, "JPEG", quality=95, keep_rgb=image.mode == "RGB")
        direct = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        assert (np.asarray(decode(with_segments(data, METADATA["comment"])).image) == direct).all()


def test_a_frame_header_that_is_cut_short():
    head = jpeg.header(b"\xff\xd8\xff\xc0" + struct.pack(">H", 4) + b"\x08\0\xff\xda\0\2")
    assert (head.width, head.height) == (0, 0)
    with pytest.raises(Undecodable):
        decode(b"\xff\xd8\xff\xc0" + struct.pack(">H", 4) + b"\x08\0\xff\xda\0\2")
