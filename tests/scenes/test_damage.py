"""Damage does what its name says, and only that."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, UnidentifiedImageError

from sightline.errors import UsageError
from sightline.scenes.damage import CONFUSABLE, CORRUPTIONS, NEAR, near_duplicate, wrong_labels
from sightline.scenes.tones import TONES
from sightline.scenes.write import CLASSES, draw


def _opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def _difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a.resize((32, 32)), float) - np.asarray(b.resize((32, 32)), float)).mean())


@settings(max_examples=30)
@given(
    kind=st.sampled_from(sorted(set(NEAR) - set(TONES))),
    label=st.sampled_from(CLASSES),
    seed=st.integers(0, 10**6),
    shape=st.sampled_from([(64, 64), (90, 60), (48, 120)]),
)
def test_a_near_duplicate_is_close_but_another_file(kind: str, label: str, seed: int, shape: tuple[int, int]) -> None:
    photo = draw(label, seed, 64).resize(shape)
    content, detail = near_duplicate(photo, kind, np.random.default_rng(seed))
    copy = _opened(content)
    assert copy.format == "JPEG" and copy.mode == "RGB"
    assert detail.startswith(kind) and "JPEG" in detail
    quality = int(detail.rsplit(" ", 1)[1])
    assert (30 if kind == "resaved" else 75) <= quality <= 95
    width, height = copy.width / photo.width, copy.height / photo.height
    if kind == "resized":
        assert 0.45 < width < 1.55 and abs(width - height) < 0.05 and copy.size != photo.size
    elif kind == "cropped":
        assert 0.88 < width < 1 and 0.88 < height < 1
    else:
        assert copy.size == photo.size
    if kind == "mirrored":
        copy = copy.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if kind == "brightness":
        before, after = np.asarray(photo, float).mean(), np.asarray(copy, float).mean()
        assert 0.78 < after / before < 1.22 and abs(after / before - 1) > 0.005
    elif kind != "cropped":
        assert _difference(photo, copy) < 14


def test_text_leaves_most_of_the_photo_as_it_was() -> None:
    photo = draw("sea", 1, 128)
    for seed in range(8):
        content, _ = near_duplicate(photo, "text", np.random.default_rng(seed))
        changed = np.abs(np.asarray(_opened(content), float) - np.asarray(photo, float)).mean(axis=2) > 60
        assert 0.0005 < changed.mean() < 0.12


def test_a_turned_photo_is_copied_upright() -> None:
    photo = draw("street", 2, 64).resize((80, 40))
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.rotate(90, expand=True).save(buffer, "JPEG", quality=95, exif=exif)
    content, _ = near_duplicate(_opened(buffer.getvalue()), "resaved", np.random.default_rng(0))
    copy = _opened(content)
    assert copy.size == (80, 40)
    assert _difference(copy, photo) < 14


@settings(max_examples=20)
@given(kind=st.sampled_from(sorted(CORRUPTIONS)), seed=st.integers(0, 10**6))
def test_a_corrupted_file_cannot_be_read(kind: str, seed: int) -> None:
    buffer = io.BytesIO()
    draw("forest", 3, 64).save(buffer, "JPEG", quality=90)
    content = CORRUPTIONS[kind](np.random.default_rng(seed), buffer.getvalue())
    with pytest.raises((OSError, UnidentifiedImageError)):
        _opened(content)
    if kind == "truncated":
        assert buffer.getvalue().startswith(content) and content
    if kind == "empty":
        assert content == b""
    if kind == "text":
        assert content.decode("ascii")


@given(
    labels=st.lists(st.sampled_from(CLASSES), min_size=1, max_size=60),
    share=st.floats(0, 1),
    seed=st.integers(0, 10**6),
    paired=st.booleans(),
)
def test_as_many_labels_are_wrong_as_were_asked_for(labels: list[str], share: float, seed: int, paired: bool) -> None:
    count = int(share * len(labels))
    pairs = CONFUSABLE if paired else ()
    try:
        wrong = wrong_labels(labels, count, seed, pairs)
    except UsageError as error:
        assert "wrong labels were asked for" in str(error)
        assert paired or len(set(labels)) == 1  # any label can be wrong as soon as there are two
        return
    changed = [(a, b) for a, b in zip(labels, wrong, strict=True) if a != b]
    assert len(changed) == count
    assert set(wrong) <= set(labels)
    if paired:
        assert all((a, b) in CONFUSABLE or (b, a) in CONFUSABLE for a, b in changed)
    assert (wrong == wrong_labels(labels, count, seed, pairs)).all()
