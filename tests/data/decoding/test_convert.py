"""Every mode of pixels, written by Pillow or by hand, comes out as the same RGB picture."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from deep_pictures import png, tiff
from pictures import BLUE, FORMATS, GREEN, RED, WHITE, assert_quarters, corners, encoded, fails, quarters
from sightline.data.decoding.convert import scaled
from sightline.data.decoding.decode import decode


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

    def test_cmyk_by_its_own_profile(self):
        image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
        plain = decode(encoded(image, "TIFF")).image.getpixel((4, 4))
        assert plain == (0, 255, 255)
        for fmt in ("TIFF", "JPEG"):
            red, green, blue = decode(encoded(image, fmt, icc_profile=odd_profile())).image.getpixel((4, 4))
            assert red > 200
            assert green < 80
            assert blue < 80

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


def packed_12_bit(values: np.ndarray) -> bytes:
    """Two 12-bit samples in three bytes."""
    pairs = values.reshape(-1, 2)
    body = b"".join(
        bytes([first >> 4, (first & 15) << 4 | second >> 8, second & 255]) for first, second in pairs.tolist()
    )
    return tiff(values.astype(np.uint16), bits=12, body=body)


def odd_profile() -> bytes:
    """An ICC profile of a printer whose cyan ink is red, so that one sees whether it was used."""
    lab = {True: (136, 208, 195), False: (255, 128, 128)}  # L, a, b of a red and of white, in 8 bits
    identity = [65536 * (column == row) for row in range(3) for column in range(3)]
    ramp = bytes(range(256))
    table = b"".join(bytes(lab[bool(ink & 8)]) for ink in range(16))  # cyan is the slowest of the four axes
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *identity) + ramp * 4 + table + ramp * 3
    tag = struct.pack(">I4sII", 1, b"A2B0", 144, len(lut))
    head = struct.pack(">I4sI4s4s4s", 144 + len(lut), b"lcms", 0x02100000, b"prtr", b"CMYK", b"Lab ")
    head += (
        struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28 + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    )
    return head.ljust(128, b"\0") + tag + lut


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint32, np.float16, np.float64])
def test_scaling_any_number_type(dtype):
    for values in ([0, 0, 0], [0, 1, 100], [1, 1, 1], [0, 5, 127]):
        out = scaled(np.array(values, dtype))
        assert out.dtype == np.uint8
        assert (np.diff(out.astype(int)) >= 0).all()
    assert scaled(np.array([], dtype)).size == 0
    assert scaled(np.full(3, 7, dtype)).tolist() == [7, 7, 7]


def test_scaling_negative_numbers_stretches():
    assert scaled(np.array([-100, 0, 100])).tolist() == [0, 128, 255]
    assert scaled(np.array([-5, -5])).tolist() == [0, 0]


RAMP = np.linspace(0, 1, 4000).reshape(50, 80)


class TestRanges:
    """Nothing says what white is in floats and wide integers: a hair over a range must not blacken a picture."""

    @pytest.mark.parametrize("over", [1e-6, 1e-4, 0.004, 0.02, 0.09])
    @pytest.mark.parametrize(
        ("white", "dtype"),
        [(1, np.float32), (1, np.float64), (255, np.float32), (255, np.int32), (65535, np.float64), (65535, np.uint32)],
    )
    def test_a_hair_over_is_clipped(self, white, over, dtype):
        values = (RAMP * white * (1 + over)).astype(dtype)
        expected = np.clip(RAMP * (1 + over), 0, 1) * 255
        assert np.abs(scaled(values).astype(float) - expected).max() <= 1.1

    @pytest.mark.parametrize("white", [1.0, 255.0])
    def test_ringing_at_edges_is_clipped_on_both_sides(self, white):
        values = (RAMP * white).astype(np.float32)
        values[0, :20], values[1, :20] = -0.2 * white, 1.3 * white
        out = scaled(values)
        assert (out[0, :20] == 0).all()
        assert (out[1, :20] == 255).all()
        assert np.abs(out[2:].astype(float) - RAMP[2:] * 255).max() <= 0.6

    def test_as_bicubic_resizing_leaves_it(self):
        stripes = np.tile(np.repeat([0.0, 1.0], 8), (64, 8)).astype(np.float32)
        image = Image.fromarray(stripes).resize((150, 90), Image.Resampling.BICUBIC)
        values = np.asarray(image)
        assert values.max() > 1
        assert values.min() < 0
        assert 115 < np.asarray(decode(values).image).mean() < 140

    def test_two_files_of_one_scene_stay_alike(self):
        found = [
            np.asarray(decode(encoded(Image.fromarray((RAMP * top).astype(np.float32)), "TIFF")).image).astype(int)
            for top in (255.0, 256.0)
        ]
        assert np.abs(found[0] - found[1]).max() <= 1

    @pytest.mark.parametrize(
        "values",
        [
            RAMP * 2.3,  # reflectances that nobody bounded
            RAMP * 12,
            (RAMP * 10).astype(np.int32),  # a mask of classes
            (RAMP * 4095).astype(np.uint16),  # 12 bits in 16
            (RAMP * 1023).astype(np.int32),
            RAMP * 0.01,
        ],
    )
    def test_what_varies_and_comes_out_black_is_refused(self, values):
        assert "black" in fails(values, "unsupported")

    @pytest.mark.parametrize("value", [40.0, 1e6, 3e38])
    def test_a_hot_pixel_does_not_blacken_all_others(self, value):
        values = np.tile(RAMP, (8, 8))
        values[5, 5] = value
        assert "black" in fails(values, "unsupported")

    def test_a_few_lights_in_the_night_are_a_picture(self):
        values = np.zeros((100, 100), np.float32)
        values[::10, ::10] = 250.0
        assert scaled(values).max() == 250

    @pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int32])
    def test_what_is_black_is_black(self, dtype):
        assert not np.asarray(decode(np.zeros((4, 4), dtype)).image).any()
        assert not scaled(np.full((4, 4), 3, np.uint16)).any()

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_no_value_at_all_is_refused(self, value):
        assert "finite" in fails(np.full((8, 8, 3), value), "corrupt")
        assert "finite" in fails(encoded(Image.fromarray(np.full((8, 8), value, np.float32)), "TIFF"), "corrupt")

    def test_a_few_missing_values_are_black(self):
        values = RAMP.copy()
        values[3, 3] = np.nan
        assert scaled(values)[3, 3] == 0
        assert scaled(values).max() == 255
