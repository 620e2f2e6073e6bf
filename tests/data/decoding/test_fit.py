"""Three ways to a square: the same on square photos, and each as it says on the others."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pictures import BLUE, GREEN, RED, WHITE, quarters
from sightline.data.decoding.fit import BORDER, STEPS, inside, seen, square

FITS = ("crop", "pad", "squash")


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("side", [1, 31, 64, 65, 200])
def test_square_photos_stay_as_they_were(fit, side):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8))
    before = image.resize((64, 64), Image.Resampling.BICUBIC, box=(0, 0, side, side))
    assert (square(image, 64, fit) == np.asarray(before)).all()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 100), (100, 1), (64, 64), (65, 64), (7, 500), (60_000, 1)])
@pytest.mark.parametrize("size", [1, 64, 97])
def test_any_shape_to_any_size(fit, shape, size):
    out = square(Image.new("RGB", shape, RED), size, fit)
    assert (out.shape, out.dtype) == ((size, size, 3), np.uint8)
    assert out.flags.writeable
    assert out.flags.c_contiguous
    assert {tuple(colour) for colour in out.reshape(-1, 3).tolist()} <= {RED, BORDER}
    assert (out == RED).all(axis=2).any()


@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 96)])
def test_padding_shows_the_whole_in_its_shape(width, height):
    out = square(quarters(width, height), 96, "pad")
    left, top, right, bottom = inside(width, height, 96)
    assert (right - left, bottom - top) == (width, height)
    assert (out[top:bottom, left:right] == np.asarray(quarters(width, height))).all()
    out[top:bottom, left:right] = BORDER
    assert (out == BORDER).all()


def test_squashing_shows_the_whole():
    out = square(quarters(400, 100), 80, "squash")
    corners = [tuple(out[y, x].tolist()) for y in (10, 70) for x in (10, 70)]
    assert corners == [RED, GREEN, BLUE, WHITE]


def test_cropping_shows_the_middle():
    image = quarters(400, 100)
    image.paste((0, 0, 0), (0, 0, 150, 100))
    image.paste((0, 0, 0), (250, 0, 400, 100))
    assert not (square(image, 100, "crop") == 0).all(axis=2).any()
    assert (square(image, 100, "pad") == 0).all(axis=2).any()


@pytest.mark.parametrize(("width", "height"), [(400, 100), (100, 400), (7, 500), (33, 33)])
def test_where_things_lie(width, height):
    assert seen(width, height, "pad") == seen(width, height, "squash") == (0, 0, width, height)
    left, top, right, bottom = seen(width, height, "crop")
    assert right - left == bottom - top == min(width, height)
    assert left + right == width
    assert top + bottom == height
    assert inside(width, height, 64, "crop") == inside(width, height, 64, "squash") == (0, 0, 64, 64)
    left, top, right, bottom = inside(width, height, 64, "pad")
    assert max(right - left, bottom - top) == 64
    assert 0 <= left < right <= 64
    assert 0 <= top < bottom <= 64


def test_each_way_is_told():
    assert set(STEPS) == set(FITS)
