"""Another tone is another picture of the same scene."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import spearmanr

from sightline.scenes.damage import near_duplicate
from sightline.scenes.tones import TONES
from sightline.scenes.write import CLASSES, draw


def _changed(kind: str, photo: Image.Image, seed: int) -> Image.Image:
    return TONES[kind](np.random.default_rng(seed), photo)[0]


def _grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), float)


@settings(max_examples=40)
@given(
    kind=st.sampled_from(sorted(set(TONES) - {"framed", "stamped"})),
    label=st.sampled_from(CLASSES),
    seed=st.integers(0, 10**6),
)
def test_a_tone_keeps_what_is_lighter_than_what(kind: str, label: str, seed: int) -> None:
    photo = draw(label, seed, 64)
    copy = _changed(kind, photo, seed)
    assert copy.size == photo.size and copy.mode == "RGB"
    assert (np.asarray(copy) != np.asarray(photo)).any()
    assert spearmanr(_grey(photo).ravel(), _grey(copy).ravel()).statistic > 0.85


@pytest.mark.parametrize("kind", ["grayscale", "sepia"])
def test_a_tone_of_one_colour_has_one_colour(kind: str) -> None:
    """Whatever stands in the photo, each channel follows from any other."""
    pixels = np.asarray(_changed(kind, draw("buildings", 3, 64), 0), float).reshape(-1, 3)
    unclipped = pixels[(pixels > 0).all(1) & (pixels < 255).all(1)]
    assert np.corrcoef(unclipped.T).min() > 0.999


def test_a_balance_moves_the_colours_against_each_other() -> None:
    photo = draw("sea", 4, 64)
    for seed in range(6):
        before, after = (np.asarray(image, float).mean((0, 1)) for image in (photo, _changed("balance", photo, seed)))
        red, blue = (after / before)[[0, 2]]
        assert 0.05 < abs(red - blue) < 0.7


def test_a_posterised_photo_has_few_colours() -> None:
    for seed in range(8):
        copy = np.asarray(_changed("posterised", draw("forest", 5, 64), seed)).reshape(-1, 3)
        assert len(np.unique(copy, axis=0)) <= 64 or len(np.unique(copy)) <= 16


def test_a_frame_is_thin_and_of_one_colour() -> None:
    photo = draw("street", 6, 100)
    outside = 0
    for seed in range(12):
        copy = np.asarray(_changed("framed", photo, seed))
        rim = np.concatenate([copy[0], copy[-1], copy[:, 0], copy[:, -1]])
        assert (rim == rim[0]).all()
        grown = (len(copy) - 100) // 2
        assert 0 <= grown <= 5
        inner = slice(6 + grown, 94 + grown)
        assert (copy[inner, inner] == np.asarray(photo)[6:94, 6:94]).all()
        outside += grown > 0
    assert 0 < outside < 12  # some lie round the photo, some over it


def test_a_stamp_stands_in_a_lower_corner_and_nowhere_else() -> None:
    photo = draw("glacier", 7, 128)
    for seed in range(8):
        changed = (np.asarray(_changed("stamped", photo, seed)) != np.asarray(photo)).any(axis=2)
        assert 0.001 < changed.mean() < 0.08
        assert not changed[:100].any()


def test_every_tone_can_be_planted() -> None:
    for kind in TONES:
        content, detail = near_duplicate(draw("mountain", 8, 48), kind, np.random.default_rng(0))
        assert content.startswith(b"\xff\xd8") and detail.startswith(kind)
