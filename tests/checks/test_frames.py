"""A frame is found to the line and taken off; a photo without one is left whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from sightline.checks.frames import frame
from sightline.scenes.write import CLASSES, draw

SIDE = 96


def square(image: Image.Image) -> np.ndarray:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return np.asarray(Image.open(buffer).convert("RGB").resize((SIDE, SIDE)))


def noise(seed: int) -> Image.Image:
    g = np.random.default_rng(seed)
    small = Image.fromarray(g.integers(0, 256, (12, 12, 3)).astype(np.uint8))
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("colour", ["white", "black", "gray", "navy", "#ecdcc6"])
@pytest.mark.parametrize("wide", [2, 3, 5, 8])
def test_a_frame_is_taken_off(colour: str, wide: int) -> None:
    inner = SIDE - 2 * wide
    image = ImageOps.expand(noise(wide).resize((inner, inner)), wide, colour)
    box = np.array(frame(square(image)))
    # The first line of the photo itself may go with it.
    assert (np.abs(box - [wide, wide, SIDE - wide, SIDE - wide]) <= 1).all()
    assert (box[:2] >= wide).all() and (box[2:] <= SIDE - wide).all()


def test_a_line_within_a_card_is_taken_off_with_it() -> None:
    image = ImageOps.expand(ImageOps.expand(noise(1).resize((82, 82)), 3, "black"), 4, "white")
    left, top, right, bottom = frame(square(image))
    assert min(left, top) >= 7 and max(right, bottom) <= SIDE - 7
    assert max(left, top) <= 9 and min(right, bottom) >= SIDE - 9


def test_bars_above_and_below_are_a_frame() -> None:
    image = noise(2)
    image.paste("black", (0, 0, SIDE, 6))
    image.paste("black", (0, SIDE - 6, SIDE, SIDE))
    left, top, right, bottom = frame(square(image))
    assert (left, right) == (0, SIDE)
    assert 6 <= top <= 7 and SIDE - 7 <= bottom <= SIDE - 6


def test_where_the_photo_has_the_colour_of_its_frame_the_frame_is_as_wide_as_elsewhere() -> None:
    image = noise(3)
    image.paste("black", (0, 0, SIDE, 30))  # a night sky
    box = frame(square(ImageOps.expand(image.resize((SIDE - 8, SIDE - 8)), 4, "black")))
    assert box[0] in (4, 5) and box[1] in (4, 5)


def test_photos_without_a_frame_stay_whole() -> None:
    whole = (0, 0, SIDE, SIDE)
    assert [frame(square(noise(seed))) for seed in range(20)] == [whole] * 20
    drawn = [frame(square(draw(label, seed, SIDE))) for label in CLASSES for seed in range(5)]
    assert sum(box != whole for box in drawn) <= 2
    for colour in ("white", "black"):  # nothing in it ends a frame
        assert frame(square(Image.new("RGB", (SIDE, SIDE), colour))) == whole


@pytest.mark.parametrize("side", [1, 2, 8, 16])
def test_squares_too_small_for_a_frame_stay_whole_or_keep_their_middle(side: int) -> None:
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[1:-1, 1:-1] = np.random.default_rng(0).integers(60, 256, pixels[1:-1, 1:-1].shape)
    left, top, right, bottom = frame(pixels)
    assert 0 <= left < right <= side and 0 <= top < bottom <= side
