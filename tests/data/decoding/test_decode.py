"""Every kind of picture that people have, and every kind of thing that only looks like one."""

import io
import random
import struct
import warnings
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import FORMATS, RED, WHITE, assert_quarters, encoded, fails, quarters
from sightline.data.decoding.decode import Decoded, Undecodable, decode, dimensions
from sightline.data.decoding.fit import square
from sightline.data.decoding.opening import MAX_ASPECT


@pytest.mark.parametrize("fmt", FORMATS)
def test_reads_every_format_from_file_and_bytes(fmt, tmp_path):
    data = encoded(quarters(), fmt, **FORMATS[fmt])
    file = tmp_path / "a photo.with-the-wrong-name"
    file.write_bytes(data)
    for source in (file, str(file), data, bytearray(data)):
        found = decode(source)
        assert (found.width, found.height, found.format) == (96, 64, fmt)
        assert_quarters(found.image)
    assert dimensions(file) == (96, 64)


def _exif(orientation) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_as_exif_says(fmt, orientation, tmp_path):
    stored = quarters().transpose(UNDO[orientation]) if orientation > 1 else quarters()
    file = tmp_path / "photo"
    file.write_bytes(encoded(stored, fmt, exif=_exif(orientation), **FORMATS[fmt]))
    found = decode(file)
    assert (found.width, found.height) == (96, 64) == found.image.size
    assert_quarters(found.image, 20)
    if fmt != "HEIF":  # there the turn belongs to the container, and the decoder has already done it
        assert ("exif-rotated" in found.notes) == (orientation > 1)
    if fmt != "PNG":
        assert dimensions(file) == (96, 64)


@pytest.mark.parametrize("orientation", [0, 9, 255, 65535])
def test_nonsense_orientations_do_no_harm(orientation):
    found = decode(encoded(quarters(), "JPEG", exif=_exif(orientation), quality=95))
    assert found.notes == ()
    assert_quarters(found.image)


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 40]
)
def test_damaged_exif_costs_neither_the_photo_nor_a_warning(exif):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_quarters(decode(encoded(quarters(), "JPEG", exif=exif, quality=95)).image)


class TestSeveralPictures:
    @pytest.mark.parametrize("fmt", ["GIF", "PNG", "WEBP", "AVIF"])
    def test_first_frame_of_an_animation(self, fmt):
        others = [Image.new("RGB", (96, 64), shade) for shade in ("black", "yellow")]
        found = decode(encoded(quarters(), fmt, save_all=True, append_images=others, duration=100))
        assert "animated: first frame" in found.notes
        assert_quarters(found.image, 30)

    def test_first_page_and_main_picture(self):
        more = {"save_all": True, "append_images": [Image.new("RGB", (96, 64))]}
        found = decode(encoded(quarters(), "TIFF", **more))
        assert found.notes == ("pages: first one",)
        assert_quarters(found.image)
        found = decode(encoded(quarters(), "HEIF", **more))
        assert found.notes == ("several pictures: main one",)
        assert_quarters(found.image)

    def test_a_phones_mpo_is_a_jpeg(self):
        data = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95)
        found = decode(data)
        assert found.notes == ()
        assert_quarters(found.image)


def test_damage_in_the_middle_is_corrupt():
    data = bytearray(encoded(quarters(), "PNG"))
    data[data.index(b"IDAT") + 20] ^= 0xFF
    fails(bytes(data), "corrupt")
    data = bytearray(encoded(quarters(), "JPEG"))
    data[2:40] = b"\xff\xd9" * 19
    fails(bytes(data), "corrupt")
    fails(b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0abcd", "corrupt")


def test_bombs_are_stopped_by_their_headers():
    png, bmp = bytearray(encoded(quarters(), "PNG")), bytearray(encoded(quarters(), "BMP"))
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    for data in (bytes(png), bytes(bmp), b"P6\n50000 50000\n255\n" + b"\0" * 100):
        assert "limit" in fails(data, "too-large")
    picture = encoded(quarters(), "PNG")
    fails(picture, "too-large", max_pixels=96 * 64 - 1)
    assert decode(picture, max_pixels=96 * 64).width == 96


def test_large_but_allowed_does_not_warn():
    data = encoded(Image.new("1", (10_000, 9_500)), "PNG")  # above the size at which Pillow warns
    assert decode(data).width == 10_000


def test_strips_and_nothing():
    fails(encoded(Image.new("RGB", (MAX_ASPECT * 2 + 1, 2)), "PNG"), "too-narrow")
    assert decode(encoded(Image.new("RGB", (MAX_ASPECT * 2, 2)), "PNG")).height == 2
    png = bytearray(encoded(quarters(), "PNG"))
    for size in ((0, 5), (5, 0)):
        png[16:24] = struct.pack(">II", *size)
        png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
        fails(bytes(png), "corrupt")


@cache
def phone_photo() -> bytes:
    noise = np.random.default_rng(1).normal(128, 60, (75, 100, 3)).clip(0, 255).astype(np.uint8)
    large = Image.fromarray(noise).resize((2000, 1500), Image.Resampling.BICUBIC)
    large.paste(quarters(1000, 500), (500, 500))
    return encoded(large, "JPEG", quality=90)


class TestPhonePhotos:
    """Large JPEGs are unpacked at a fraction of their size where the target allows it."""

    def test_same_picture_smaller(self):
        photo = phone_photo()
        full, fast = decode(photo), decode(photo, target=224)
        assert fast.image.size == (1000, 750)
        assert (fast.width, fast.height, fast.notes) == (2000, 1500, ())
        difference = square(full.image, 224).astype(int) - square(fast.image, 224)
        assert np.abs(difference).mean() < 1
        assert (square(fast.image, 224) == square(decode(photo, target=224).image, 224)).all()

    def test_never_less_than_twice_the_target(self):
        photo = phone_photo()
        for target in (1, 50, 150, 374, 375, 376, 1500):
            image = decode(photo, target=target).image
            assert min(image.size) >= min(2 * target, 1500)

    def test_turned_as_well(self):
        photo = phone_photo()
        image = Image.open(io.BytesIO(photo))
        found = decode(encoded(image, "JPEG", exif=_exif(6)), target=100)
        assert (found.width, found.height) == (1500, 2000)
        assert found.image.height > found.image.width
        assert found.notes == ("exif-rotated",)

    def test_gray_and_cmyk_too(self):
        photo = phone_photo()
        for mode in ("L", "CMYK"):
            data = encoded(Image.open(io.BytesIO(photo)).convert(mode), "JPEG")
            assert decode(data, target=100).image.size == (500, 375)


class TestSquare:
    def test_is_the_middle_resized(self):
        image = quarters(300, 200).resize((300, 200))
        whole = image.resize((96, 64), Image.Resampling.BICUBIC).crop((16, 0, 80, 64))
        assert np.abs(square(image, 64).astype(int) - np.asarray(whole)).max() <= 1

    @pytest.mark.parametrize("shape", [(1, 1), (1, 100), (100, 1), (64, 64), (65, 64), (7, 500)])
    @pytest.mark.parametrize("size", [1, 64, 97])
    def test_any_shape_to_any_size(self, shape, size):
        out = square(Image.new("RGB", shape, RED), size)
        assert out.shape == (size, size, 3)
        assert out.dtype == np.uint8
        assert (out == RED).all()
        assert out.flags.writeable
        assert out.flags.c_contiguous

    def test_a_long_strip_costs_no_more_than_a_square(self):
        assert square(Image.new("RGB", (60_000, 1), RED), 64).shape == (64, 64, 3)


class TestFromMemory:
    def test_pillow_images_are_turned_and_left_alone(self):
        opened = Image.open(io.BytesIO(encoded(quarters().transpose(UNDO[6]), "JPEG", exif=_exif(6), quality=95)))
        found = decode(opened)
        assert_quarters(found.image)
        assert found.notes == ("exif-rotated",)
        assert opened.size == (64, 96)
        image = quarters()
        found = decode(image)
        found.image.paste(0, (0, 0, 96, 64))
        assert_quarters(image)
        assert decode(image.convert("LA")).notes == ("gray", "alpha")

    def test_a_closed_or_damaged_pillow_image(self):
        data = encoded(Image.effect_noise((99, 99), 50), "PNG")
        fails(Image.open(io.BytesIO(data[:-500])), "truncated")
        closed = Image.open(io.BytesIO(data))
        closed.close()
        fails(closed, "corrupt")

    def test_arrays(self):
        pixels = np.asarray(quarters())
        for array in (pixels, pixels / 255, (pixels / 255).astype(np.float16), pixels.astype(np.uint16) * 257):
            found = decode(array)
            assert_quarters(found.image, 1)
            assert (found.width, found.height, found.format) == (96, 64, "array")
        assert_quarters(decode(np.asfortranarray(pixels)).image)
        assert_quarters(decode(pixels[::-1][::-1]).image)
        assert decode(pixels[:, :, 0]).notes == ("gray",)
        assert decode(pixels[:, :, :1]).image.getpixel((0, 0)) == (220, 220, 220)
        assert decode(np.dstack([pixels, np.zeros((64, 96), np.uint8)])).image.getpixel((0, 0)) == WHITE
        assert decode(np.eye(8, dtype=bool)).image.getpixel((0, 0)) == WHITE

    @pytest.mark.parametrize(
        "array",
        [
            np.zeros((3, 64, 96)),
            np.zeros(7),
            np.zeros((4, 4, 2), np.uint8),
            np.array([["a", "b"]]),
            np.zeros((4, 4), complex),
            np.zeros((2, 2), object),
        ],
    )
    def test_arrays_that_are_no_pictures(self, array):
        fails(array, "unsupported")

    def test_empty_and_huge_arrays(self):
        fails(np.zeros((0, 4, 3), np.uint8), "corrupt")
        fails(np.zeros((100, 100), np.uint8), "too-large", max_pixels=9_999)


def test_undecodable_survives_a_journey():
    import pickle

    error = pickle.loads(pickle.dumps(Undecodable("corrupt", "why")))  # noqa: S301
    assert (error.problem, error.detail, str(error)) == ("corrupt", "why", "corrupt: why")


SEEDS = {fmt: encoded(quarters(40, 30), fmt, **options) for fmt, options in FORMATS.items()}


def survives(data: bytes) -> None:
    try:
        found = decode(data, max_pixels=1_000_000, target=16)
    except Undecodable as error:
        assert error.problem
        assert error.detail.isprintable()
    else:
        assert isinstance(found, Decoded)
        assert found.image.mode == "RGB"
        assert square(found.image, 16).shape == (16, 16, 3)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([b"", *(data[:16] for data in SEEDS.values())]), st.binary(max_size=400))
def test_random_bytes_are_refused_politely(start, rest):
    survives(start + rest)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SEEDS)), st.randoms(use_true_random=False), st.integers(1, 12))
def test_mutated_files_decode_or_are_refused(fmt, chance: random.Random, changes):
    data = bytearray(SEEDS[fmt])
    for _ in range(changes):
        place = chance.randrange(len(data)) if data else 0
        action = chance.randrange(4)
        if action == 0:
            data[place : place + 1] = bytes([chance.randrange(256)])
        elif action == 1:
            data[place : place + chance.randrange(1, 9)] = b""
        elif action == 2:
            data[place:place] = chance.randbytes(chance.randrange(1, 9))
        else:
            data[place : place + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
    survives(bytes(data))
