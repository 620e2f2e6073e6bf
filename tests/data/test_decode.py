"""Every kind of picture that people have, and every kind of thing that only looks like one."""

import io
import os
import random
import socket
import struct
import threading
import warnings
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from sightline.data.decode import MAX_ASPECT, Decoded, Undecodable, decode, dimensions, square

pillow_heif.register_heif_opener()  # for writing HEIC here; Sightline itself does not need it

RED, GREEN, BLUE, WHITE = (220, 30, 40), (30, 180, 60), (40, 60, 210), (255, 255, 255)


def quarters(width: int = 96, height: int = 64) -> Image.Image:
    """Red, green / blue, white: no two of its eight orientations look the same."""
    image = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), BLUE)
    draw.rectangle((width // 2, height // 2, width, height), WHITE)
    return image


def encoded(image: Image.Image, fmt: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def corners(image: Image.Image) -> list[tuple[int, int, int]]:
    """The colours of the four quarters' middles."""
    width, height = image.size
    places = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    return [image.getpixel(place) for place in places]


def assert_quarters(image: Image.Image, tolerance: int = 12) -> None:
    assert image.mode == "RGB"
    assert np.abs(np.array(corners(image)) - np.array([RED, GREEN, BLUE, WHITE])).max() <= tolerance


def fails(source, problem: str, **options) -> str:
    with pytest.raises(Undecodable) as caught:
        decode(source, **options)
    assert caught.value.problem == problem, str(caught.value)
    assert caught.value.detail
    return caught.value.detail


FORMATS = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "GIF": {},
    "HEIF": {"quality": 95},
    "AVIF": {"quality": 95},
    "PPM": {},
}


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


def test_an_exif_tag_that_points_outside_warns_nobody():
    # One entry: orientation as four values that lie far behind the end.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 4, 400, 5000) + b"\0\0\0\0"
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert_quarters(decode(encoded(quarters(), "JPEG", exif=exif, quality=95)).image)
    assert seen == []


def test_other_modules_warnings_and_filters_survive_threads():
    before = list(warnings.filters)
    data = encoded(quarters(), "JPEG")
    threads = [threading.Thread(target=lambda: [decode(data) for _ in range(40)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", UserWarning, stacklevel=1)


class TestColours:
    """Whatever a file's mode, the same picture comes out."""

    @pytest.mark.parametrize(("fmt", "options"), [("JPEG", {"quality": 95}), ("TIFF", {})])
    def test_cmyk(self, fmt, options):
        found = decode(encoded(quarters().convert("CMYK"), fmt, **options))
        assert (found.mode, found.notes) == ("CMYK", ("cmyk",))
        assert_quarters(found.image)

    def test_cmyk_with_a_broken_profile(self):
        profile = b"\0\0\0\x80lcms\x02\x10\0\0prtrCMYKLab " + b"\0" * 104
        found = decode(encoded(quarters().convert("CMYK"), "TIFF", icc_profile=profile))
        assert_quarters(found.image)

    def test_16_bit_gray_is_scaled_not_clipped(self):
        ramp = np.linspace(0, 65535, 100 * 50).astype(np.uint16).reshape(50, 100)
        for fmt in ("PNG", "TIFF"):
            found = decode(encoded(Image.fromarray(ramp), fmt))
            assert found.notes == ("16-bit", "gray")
            values = np.asarray(found.image)
            assert np.abs(values[:, :, 0] - ramp / 257).max() <= 0.5
            assert (values[:, :, 0] == values[:, :, 2]).all()

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_16_bit_tiff_in_both_byte_orders(self, order, channels):
        values = (np.linspace(0, 65535, 40 * 60 * channels).reshape(40, 60, channels)).astype(np.uint16)
        found = decode(tiff(values, order))
        assert np.abs(np.asarray(found.image)[:, :, :channels] - values / 257.0).max() <= 1

    def test_12_bit_tiff_uses_its_own_white(self):
        found = decode(packed_12_bit(np.full((4, 8), 4095)))
        assert np.asarray(found.image).min() == 255

    def test_16_bit_rgb_png(self):
        values = (np.linspace(0, 65535, 40 * 60 * 3).reshape(40, 60, 3)).astype(np.uint16)
        found = decode(png(values))
        assert np.abs(np.asarray(found.image) - values / 257.0).max() <= 1

    def test_16_bit_png_with_a_transparent_colour(self):
        values = np.full((4, 6), 1000, np.uint16)
        values[0, 0] = 40000
        data = png(values, extra=[(b"tRNS", struct.pack(">H", 40000))])
        found = decode(data)
        assert found.image.getpixel((0, 0)) == WHITE
        assert found.image.getpixel((1, 1)) == (4, 4, 4)
        data = png(np.full((4, 6, 3), 3000, np.uint16), extra=[(b"tRNS", struct.pack(">HHH", 1, 2, 3))])
        assert decode(data).image.getpixel((1, 1)) in [(11, 11, 11), (12, 12, 12)]

    @pytest.mark.parametrize(
        ("low", "high", "white"), [(0, 1, 1), (0, 255, 255), (0, 65535, 65535), (-3, 5, None), (0, 3e38, None)]
    )
    def test_float_tiff(self, low, high, white):
        values = np.linspace(low, high, 300, dtype=np.float32).reshape(15, 20)
        found = decode(encoded(Image.fromarray(values), "TIFF"))
        bottom, top = (0, white) if white else (low, high)
        expected = (values.astype(np.float64) - bottom) / (top - bottom) * 255
        assert found.mode == "F"
        assert np.abs(np.asarray(found.image)[:, :, 1] - expected).max() <= 0.6

    def test_float_with_nan_and_infinity(self):
        values = np.array([[0, 0.5, 1, np.nan, np.inf, -np.inf]] * 4, np.float32)
        found = decode(encoded(Image.fromarray(values), "TIFF"))
        assert np.asarray(found.image)[0, :, 0].tolist() == [0, 128, 255, 0, 255, 0]

    def test_palette_and_its_transparency(self):
        image = quarters().quantize(4)
        assert_quarters(decode(encoded(image, "PNG")).image)
        assert decode(encoded(image, "PNG")).notes == ("palette",)
        red = image.getpixel((2, 2))
        for fmt in ("PNG", "GIF"):
            found = decode(encoded(image, fmt, transparency=red))
            assert corners(found.image)[0] == WHITE
            assert "alpha" in found.notes
        clear = bytes(128 if number == red else 255 for number in range(4))
        found = decode(encoded(image, "PNG", transparency=clear))
        assert np.abs(np.array(corners(found.image)[0]) - (np.array(RED) + 255) / 2).max() <= 2

    @pytest.mark.parametrize("fmt", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
    def test_alpha_lies_on_white(self, fmt):
        image = quarters().convert("RGBA")
        alpha = Image.new("L", image.size, 255)
        alpha.paste(0, (0, 0, 48, 32))
        alpha.paste(128, (48, 0, 96, 32))
        image.putalpha(alpha)
        found = decode(encoded(image, fmt, **FORMATS[fmt]))
        assert "alpha" in found.notes
        half = (np.array(GREEN) + 255) / 2
        assert np.abs(np.array(corners(found.image)) - [WHITE, half, BLUE, WHITE]).max() <= 14

    def test_gray_alpha_and_a_transparent_colour(self):
        found = decode(encoded(Image.new("LA", (8, 8), (0, 64)), "PNG"))
        assert found.notes == ("gray", "alpha")
        assert found.image.getpixel((3, 3)) == (191, 191, 191)
        found = decode(encoded(quarters(), "PNG", transparency=RED))
        assert corners(found.image) == [WHITE, GREEN, BLUE, WHITE]

    @pytest.mark.parametrize("mode", ["L", "1"])
    def test_gray_and_one_bit(self, mode):
        image = Image.new("L", (16, 16), 255)
        image.paste(0, (0, 0, 8, 16))
        found = decode(encoded(image.convert(mode), "PNG"))
        assert found.notes == ({"L": "gray", "1": "1-bit"}[mode],)
        assert (found.image.getpixel((2, 2)), found.image.getpixel((12, 2))) == ((0, 0, 0), WHITE)

    def test_lab_and_ycbcr_tiff(self):
        from PIL import ImageCms

        lab = ImageCms.profileToProfile(
            quarters(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert_quarters(decode(encoded(lab, "TIFF")).image, 4)
        assert_quarters(decode(encoded(quarters().convert("YCbCr"), "TIFF")).image, 4)

    def test_ten_bit_heic(self):
        values = np.full((32, 32, 3), 65535 // 2, np.uint16)
        heif = pillow_heif.from_bytes("RGB;16", (32, 32), values.tobytes())
        out = io.BytesIO()
        heif.save(out, quality=-1)
        assert np.abs(np.asarray(decode(out.getvalue()).image).astype(int) - 127).max() <= 2


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
    values = np.zeros((8, 8, 3), np.uint8)
    assert "raw" in fails(tiff(values, extra=[(50706, 1, 4, 0x01040000)]), "unsupported")
    assert "raw" in fails(tiff(values, extra=[(254, 4, 1, 1), (330, 4, 1, 8)]), "unsupported")
    file = tmp_path / "DSC_1.NEF"
    file.write_bytes(tiff(values))
    assert "raw" in fails(file, "unsupported")


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.97])
def test_cut_off_files_are_truncated(fmt, part):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (160, 160, 3), dtype=np.uint8))
    data = encoded(noise, fmt, **FORMATS[fmt])
    cut = data[: max(20, int(len(data) * part))]
    with pytest.raises(Undecodable) as caught:
        decode(cut)
    assert caught.value.problem == "truncated", str(caught.value)


def test_damage_in_the_middle_is_corrupt():
    data = bytearray(encoded(quarters(), "PNG"))
    data[data.index(b"IDAT") + 20] ^= 0xFF
    fails(bytes(data), "corrupt")
    data = bytearray(encoded(quarters(), "JPEG"))
    data[2:40] = b"\xff\xd9" * 19
    fails(bytes(data), "corrupt")
    fails(b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0abcd", "corrupt")


def test_bombs_are_stopped_by_their_headers():
    for data in (
        png(np.zeros((1, 1), np.uint8), claimed=(60_000, 60_000)),
        encoded(quarters(), "BMP")[:18] + struct.pack("<ii", 30_000, 30_000) + encoded(quarters(), "BMP")[26:],
        b"P6\n50000 50000\n255\n" + b"\0" * 100,
        tiff(np.zeros((1, 1, 3), np.uint8), claimed=(40_000, 40_000)),
    ):
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
    for claimed in ((0, 5), (5, 0)):
        fails(png(np.zeros((1, 1), np.uint8), claimed=claimed), "corrupt")


class TestWhatIsNoFile:
    def test_fifo_folder_device_socket(self, tmp_path, monkeypatch):
        os.mkfifo(tmp_path / "fifo.jpg")
        (tmp_path / "folder.jpg").mkdir()
        with socket.socket(socket.AF_UNIX) as unix:
            monkeypatch.chdir(tmp_path)  # a socket's path must be short
            unix.bind("socket.jpg")
            for name, word in (("fifo", "FIFO"), ("folder", "folder"), ("socket", "socket")):
                assert word in fails(tmp_path / f"{name}.jpg", "unreadable")
        for device in ("/dev/zero", "/dev/null", "/dev/tty"):
            if Path(device).exists():
                assert "device" in fails(Path(device), "unreadable")

    def test_links(self, tmp_path):
        (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
        (tmp_path / "loop.jpg").symlink_to("loop.jpg")
        (tmp_path / "real.png").write_bytes(encoded(quarters(), "PNG"))
        (tmp_path / "good.jpg").symlink_to("real.png")
        assert "link" in fails(tmp_path / "broken.jpg", "unreadable")
        assert "itself" in fails(tmp_path / "loop.jpg", "unreadable")
        assert_quarters(decode(tmp_path / "good.jpg").image)

    def test_gone_and_impossible_names(self, tmp_path):
        assert "not there" in fails(tmp_path / "gone.jpg", "unreadable")
        fails("a\0b.jpg", "unreadable")
        assert "name" in fails(tmp_path / ("x" * 300), "unreadable")
        (tmp_path / "file").write_bytes(b"x")
        assert "not a folder" in fails(tmp_path / "file" / "photo.jpg", "unreadable")

    @pytest.mark.parametrize("name", ["ü 写真 🌄.png", "two\nlines.png", " .png", "'\"$(x);.png", "n" * 251 + ".png"])
    def test_odd_names(self, name, tmp_path):
        (tmp_path / name).write_bytes(encoded(quarters(), "PNG"))
        assert_quarters(decode(tmp_path / name).image)

    def test_bytes_that_are_no_text_as_name(self, tmp_path):
        name = os.fsencode(tmp_path) + b"/\xff\xfe.png"
        Path(os.fsdecode(name)).write_bytes(encoded(quarters(), "PNG"))
        assert_quarters(decode(Path(os.fsdecode(name))).image)

    def test_no_permission(self, tmp_path, monkeypatch):
        file = tmp_path / "photo.png"
        file.write_bytes(encoded(quarters(), "PNG"))
        if os.geteuid() == 0:  # root may read everything, so the refusal itself is played

            def refuse(*_):
                raise PermissionError(13, "Permission denied")

            monkeypatch.setattr(os, "open", refuse)
        file.chmod(0)
        assert "permission" in fails(file, "unreadable")

    def test_a_huge_file_is_not_read(self, tmp_path):
        file = tmp_path / "photo.jpg"
        with open(file, "wb") as out:
            out.write(encoded(quarters(), "JPEG"))
            out.truncate(3 << 30)  # a hole: takes no room
        assert "GB" in fails(file, "too-large")


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


def png(values: np.ndarray, claimed: tuple[int, int] | None = None, extra: list[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG written by hand: 8 or 16 bits, gray or RGB, with a header that may lie about the size."""
    height, width = values.shape[:2]
    depth = values.dtype.itemsize * 8
    rows = b"".join(b"\0" + row.astype(values.dtype.newbyteorder(">")).tobytes() for row in values)
    header = struct.pack(">IIBBBBB", *(claimed or (width, height)), depth, 2 if values.ndim == 3 else 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def tiff(
    values: np.ndarray,
    order: str = "<",
    claimed: tuple[int, int] | None = None,
    extra: list[tuple[int, int, int, int]] = (),
    bits: int | None = None,
    body: bytes | None = None,
) -> bytes:
    """A TIFF written by hand: gray or RGB of any depth, either byte order."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    width, height = claimed or (width, height)
    depth = bits or values.dtype.itemsize * 8
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes() if body is None else body
    start = 8 + 6  # the depths lie before the pixels
    entries = sorted(
        [
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, channels, 8 if channels == 3 else depth),
            (259, 3, 1, 1),
            (262, 3, 1, 2 if channels == 3 else 1),
            (273, 4, 1, start),
            (277, 3, 1, channels),
            (278, 4, 1, height),
            (279, 4, 1, len(pixels)),
            *extra,
        ]
    )
    directory = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        small = kind == 3 and count == 1
        field = struct.pack(order + ("HxxI"[:3] if small else "I"), value)
        directory += struct.pack(order + "HHI", tag, kind, count) + field.ljust(4, b"\0")
    directory += b"\0\0\0\0"
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start + len(pixels))
    return magic + struct.pack(order + "HHH", depth, depth, depth) + pixels + directory


def packed_12_bit(values: np.ndarray) -> bytes:
    """Two 12-bit samples in three bytes."""
    pairs = values.reshape(-1, 2)
    body = b"".join(
        bytes([first >> 4, (first & 15) << 4 | second >> 8, second & 255]) for first, second in pairs.tolist()
    )
    return tiff(values.astype(np.uint16), bits=12, body=body)
