"""White as one fact of all 16-bit photos of a dataset."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deep_pictures import png, ppm, tiff
from pictures import encoded, quarters
from sightline.data import white
from sightline.data.decoding.deep import FULL
from sightline.data.white import said, white_of
from sightline.system import cache

RAMP = np.arange(768, dtype=np.uint16).reshape(24, 32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def files(folder: Path, *contents: bytes) -> list[tuple[str, str]]:
    found = []
    for number, content in enumerate(contents):
        (folder / f"{number}").write_bytes(content)
        found.append((str(folder / f"{number}"), hashlib.sha256(content).hexdigest()))
    return found


@pytest.mark.parametrize("write", [png, tiff, ppm])
def test_the_brightest_of_all_decides(write, tmp_path):
    eight = encoded(quarters(), "PNG")
    assert white_of(files(tmp_path, eight, write(RAMP), write(RAMP * 5))) == 4095
    assert white_of(files(tmp_path, write(RAMP))) == 1023
    assert white_of(files(tmp_path, write(RAMP), write(RAMP * 80), eight)) == FULL


def test_photos_of_8_bits_have_none(tmp_path):
    kinds = [encoded(quarters(), fmt) for fmt in ("JPEG", "PNG", "TIFF", "PPM", "GIF", "WEBP")]
    assert white_of(files(tmp_path, *kinds)) is None
    assert white_of([]) is None


def test_what_cannot_be_read_decides_nothing(tmp_path):
    broken = png(RAMP * 80)[:90]
    listed = files(tmp_path, broken, tiff(RAMP * 80)[:300], b"no picture", b"", png(RAMP))
    assert white_of([*listed, (str(tmp_path / "gone"), "0" * 64)]) == 1023
    os.mkfifo(tmp_path / "pipe")
    assert white_of([(str(tmp_path / "pipe"), "1" * 64), *listed]) == 1023


def test_it_is_kept_for_the_same_photos(tmp_path, monkeypatch):
    listed = files(tmp_path, png(RAMP), encoded(quarters(), "TIFF"))
    assert white_of(listed) == 1023
    none = files(tmp_path, encoded(quarters(), "TIFF"))
    assert white_of(none) is None
    monkeypatch.setattr(white, "peak_guarded", lambda path: 1 / 0)
    assert white_of(listed[::-1]) == 1023
    assert white_of(none) is None


@pytest.mark.parametrize("content", [b"", b"300", b"1023 and more", b"\xff\xfe", b"9" * 10_000])
def test_a_damaged_note_is_written_anew(content, tmp_path):
    listed = files(tmp_path, png(RAMP))
    assert white_of(listed) == 1023
    (kept,) = (cache.root() / "white").iterdir()
    kept.write_bytes(content)
    assert white_of(listed) == 1023
    assert kept.read_text() == "1023"


def test_the_search_ends_with_the_first_photo_that_uses_all_bits(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(white, "_AT_ONCE", 2)
    monkeypatch.setattr(white, "peak_guarded", lambda path: asked.append(path) or 60_000)
    assert white_of(files(tmp_path, *(png(RAMP + n) for n in range(10)))) == FULL
    assert len(asked) == 2


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "file"))
    assert white_of(files(tmp_path, png(RAMP))) == 1023


def test_in_words():
    assert said(4095) == "The 16-bit photos use 12 bits: white is 4,095."
    assert said(None) == said(FULL) == ""
    assert said(255).endswith("8 bits: white is 255.")


def test_pictures_of_pillow_itself(tmp_path):
    assert (
        white_of(files(tmp_path, encoded(Image.fromarray(RAMP), "PNG"), encoded(Image.fromarray(RAMP), "TIFF"))) == 1023
    )
