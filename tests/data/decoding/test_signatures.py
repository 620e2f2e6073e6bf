"""What a file is, told from its bytes: real pictures, sham ones, and pictures without their end."""

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from pictures import FORMATS, encoded, fails
from sightline.data.decoding.decode import Undecodable, decode, dimensions
from sightline.data.decoding.signatures import HEADER_BYTES, READ, cut_short, kind

pillow_heif.register_heif_opener()  # for writing HEIC here; Sightline itself does not need it


SHAM = {
    "empty": [b""],
    "not-an-image": [
        b"hello, this is a text",
        b"\0" * 5000,
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"\n<html>no</html>",
        b"PK\x03\x04 zip",
        b"\x80\x04\x95 pickle",
        b"B",
        b"BM",
        b"GIF8",
        b"\x89PN",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
    ],
    "unsupported": [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"8BPS\0\x01",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x0a\xfa\x1f",
        b"II*\0\x10\0\0\0CR\x02\0",
        b"FUJIFILMCCD-RAW 0201",
        b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
        b"\0" * 128 + b"DICM",
    ],
}


@pytest.mark.parametrize(("problem", "data"), [(problem, data) for problem, all_ in SHAM.items() for data in all_])
def test_what_is_no_picture_is_named(problem, data, tmp_path):
    fails(data, problem)
    file = tmp_path / "photo.jpg"
    file.write_bytes(data)
    fails(file, problem)
    with pytest.raises(Undecodable):
        dimensions(file)


def test_camera_raw_is_not_mistaken_for_its_preview(tmp_path):
    preview = Image.new("RGB", (8, 8))
    for tags in ({50706: (1, 4, 0, 0)}, {254: 1, 330: 8}):
        assert "raw" in fails(encoded(preview, "TIFF", tiffinfo=tags), "unsupported")
    file = tmp_path / "DSC_1.NEF"
    file.write_bytes(encoded(preview, "TIFF"))
    assert "raw" in fails(file, "unsupported")


@pytest.mark.parametrize("fmt", FORMATS)
def test_whole_pictures_are_known_and_not_cut(fmt):
    for size in ((1, 1), (160, 90)):
        data = encoded(Image.new("RGB", size, "red"), fmt, **FORMATS[fmt])
        assert kind(data[:HEADER_BYTES]) == (fmt, "")
        assert not cut_short(data, fmt)
        assert not cut_short(data + b"\0" * 100, fmt)  # padding, as some cameras and recovery tools add


def test_every_format_that_is_read_is_tested():
    assert set(FORMATS) == set(READ)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.97])
def test_cut_off_files_are_truncated(fmt, part):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (160, 160, 3), dtype=np.uint8))
    data = encoded(noise, fmt, **FORMATS[fmt])
    cut = data[: max(20, int(len(data) * part))]
    with pytest.raises(Undecodable) as caught:
        decode(cut)
    assert caught.value.problem == "truncated", str(caught.value)
