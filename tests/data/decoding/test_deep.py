"""16-bit samples with a white of their dataset: every kind of file to the same pixels, dark ones dark."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from deep_pictures import png, ppm, tiff
from pictures import encoded, fails, quarters
from sightline.data.decoding.decode import decode
from sightline.data.decoding.deep import FULL, WHITES, bits, white_for
from sightline.data.decoding.peak import peak
from sightline.data.decoding.quarantine import decode_guarded, peak_guarded, square_guarded

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 4096, (24, 32, 3), dtype=np.uint16)
COLOUR[0, 0] = 4095
GRAY = np.ascontiguousarray(COLOUR[..., 0])
CLEAR = np.full((24, 32, 1), FULL, np.uint16)

FILES = {
    "gray PNG": (png(GRAY), GRAY),
    "PNG": (png(COLOUR), COLOUR),
    "gray PNG with alpha": (png(np.dstack([GRAY, CLEAR])), GRAY),
    "PNG with alpha": (png(np.dstack([COLOUR, CLEAR])), COLOUR),
    "interlaced PNG": (png(COLOUR, interlaced=True), COLOUR),
    "interlaced gray PNG with alpha": (png(np.dstack([GRAY, CLEAR]), interlaced=True), GRAY),
    "Pillow's PNG": (encoded(Image.fromarray(GRAY), "PNG"), GRAY),
    "Pillow's TIFF": (encoded(Image.fromarray(GRAY), "TIFF"), GRAY),
    "TIFF by LZW": (encoded(Image.fromarray(GRAY), "TIFF", compression="tiff_lzw"), GRAY),
    "PGM": (ppm(GRAY), GRAY),
    "PPM": (ppm(COLOUR), COLOUR),
    **{
        f"{kind}TIFF {order}{' deflated' * packed}": (tiff(values, order, packed=packed), values[..., :3])
        for kind, values in (("", COLOUR), ("clear ", np.dstack([COLOUR, CLEAR])))
        for order in "<>"
        for packed in (False, True)
    },
    **{f"gray TIFF {order}": (tiff(GRAY, order), GRAY) for order in "<>"},
}


def levels(values: np.ndarray, white: int) -> np.ndarray:
    """What is to come out, (h, w, 3): rounded from all bits."""
    gray = values.reshape(*values.shape[:2], -1)
    return np.broadcast_to(np.rint(gray * 255.0 / white), (*gray.shape[:2], 3))


@pytest.mark.parametrize("name", FILES)
class TestFiles:
    def test_all_bits_are_used_up_to_white(self, name, tmp_path):
        data, values = FILES[name]
        (tmp_path / "x").write_bytes(data)
        for source in (data, tmp_path / "x", Image.open(io.BytesIO(data))):
            found = decode(source, white=4095)
            assert np.abs(np.asarray(found.image) - levels(values, 4095)).max() <= 0.5
            assert "16-bit" in found.notes
        assert decode_guarded(tmp_path / "x", white=4095).image.tobytes() == found.image.tobytes()
        assert (square_guarded(data, 24, white=4095) == square_guarded(found.image, 24)).all()

    def test_its_brightest_value_is_known(self, name, tmp_path):
        (tmp_path / "x").write_bytes(FILES[name][0])
        assert peak(tmp_path / "x") == peak_guarded(tmp_path / "x") == 4095

    def test_a_white_of_its_own_is_for_a_look(self, name):
        data, _ = FILES[name]
        assert decode(data, white=None).image.tobytes() == decode(data, white=4095).image.tobytes()

    def test_what_lies_beyond_white_is_another_kind_of_photo(self, name):
        detail = fails(FILES[name][0], "unsupported", white=1023)
        assert detail == "its values go up to 4,095, where white is 1,023 for 16-bit photos"


def test_dark_photos_are_dark_and_those_with_nothing_to_be_seen_are_named():
    dim = GRAY // 8
    assert np.asarray(decode(png(dim), white=4095).image).max() == 32
    detail = fails(png(GRAY // 32), "unsupported", white=4095)
    assert detail == "its values, 0 to 127, come out all but black, where white is 4,095 for 16-bit photos"
    assert not np.asarray(decode(png(np.zeros((8, 8), np.uint16)), white=4095).image).any()


def test_a_few_reflections_beyond_white_are_clipped():
    values = GRAY.copy()
    values[3, :5] = 60_000
    found = np.asarray(decode(png(values), white=4095).image)
    assert (found[3, :5] == 255).all()
    assert (found[4:] == levels(GRAY, 4095)[4:].astype(int)).all()


def test_transparency_keeps_its_own_range():
    half = np.full((24, 32, 1), 32_896, np.uint16)
    found = decode(png(np.dstack([COLOUR, half])), white=4095)
    assert "alpha" in found.notes
    assert np.abs(np.asarray(found.image) - (levels(COLOUR, 4095) * 128 / 255 + 127)).max() <= 1.5
    key = [(b"tRNS", struct.pack(">HHH", *COLOUR[5, 5].tolist()))]
    found = np.asarray(decode(png(COLOUR, extra=key), white=4095).image)
    assert (found[5, 5] == 255).all()
    assert (found[6] == levels(COLOUR, 4095)[6].astype(int)).all()


def test_turned_as_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(GRAY), "TIFF", exif=exif)
    assert (np.asarray(decode(data, white=4095).image) == np.rot90(levels(GRAY, 4095), -1)).all()


@pytest.mark.parametrize("values", [GRAY, COLOUR, np.dstack([COLOUR, CLEAR])])
def test_arrays_as_other_programs_read_them(values):
    found = decode(values, white=4095).image
    assert np.abs(np.asarray(found) - levels(values[..., :3] if values.ndim == 3 else values, 4095)).max() <= 0.5
    assert decode(values, white=None).image.tobytes() == found.tobytes()
    fails(values, "unsupported", white=1023)


@pytest.mark.parametrize("write", [png, tiff, ppm])
def test_with_the_whole_range_all_is_as_it_was(write):
    gray, colour = GRAY * 16, COLOUR * 16
    for data in (write(gray), gray):
        assert (np.asarray(decode(data).image) == levels(gray, FULL)).all()
    cut = np.asarray(decode(write(colour)).image)  # Pillow keeps the upper 8 bits, of a PPM it rounds
    assert (cut == (levels(colour, FULL).round() if write is ppm else colour >> 8)).all()


@pytest.mark.parametrize("write", [png, tiff, ppm])
@pytest.mark.parametrize("values", [GRAY, COLOUR])
def test_twelve_bits_where_sixteen_are_expected_are_named(write, values):
    """Not answered with what is seen on a black sheet: a model that learned from others knows of no such white."""
    for source in (write(values), values):
        assert "come out all but black, where white is 65,535" in fails(source, "unsupported")


def test_files_that_say_themselves_what_white_is_are_left_to_it(tmp_path):
    (tmp_path / "x.pgm").write_bytes(ppm(GRAY, 4095))
    assert peak(tmp_path / "x.pgm") == 0
    for white in (1023, 4095, FULL):
        found = decode(tmp_path / "x.pgm", white=white).image
        assert np.abs(np.asarray(found) - levels(GRAY, 4095)).max() <= 1
    dark = np.full((8, 8), 200, np.uint16)
    assert np.asarray(decode(ppm(dark)).image).max() == 1, "not taken for 0-255, since its header says 0-65535"


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "JPEG", "PPM", "WEBP"])
def test_8_bits_are_never_touched(fmt, tmp_path):
    (tmp_path / "x").write_bytes(encoded(quarters(), fmt))
    assert peak(tmp_path / "x") == 0
    assert decode(tmp_path / "x", white=1023).image.tobytes() == decode(tmp_path / "x").image.tobytes()


@pytest.mark.parametrize(
    ("value", "white"), [(0, 255), (255, 255), (256, 1023), (4095, 4095), (4096, 16383), (16384, FULL), (65535, FULL)]
)
def test_the_smallest_usual_white(value, white):
    assert white_for(value) == white


def test_bits():
    assert [bits(white) for white in WHITES] == [8, 10, 12, 14, 16]
