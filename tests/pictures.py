"""Small pictures in every format, for the tests that read them: whole ones, and how a broken one must fail."""

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from sightline.data.decoding.decode import Undecodable, decode

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
