"""Files of every format, damaged in every way, read as the product reads them: a photo or a reason, nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import FORMATS, encoded, quarters
from sightline.data.decoding import quarantine
from sightline.data.decoding.decode import PROBLEMS, Undecodable
from sightline.data.decoding.quarantine import Quarantine, square_guarded
from traps import chunk, scan_bomb, segment, with_chunks, with_segments

SECONDS = 20.0


def _seeds() -> dict[str, bytes]:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)).resize((64, 48))
    picture.paste(quarters(32, 24), (16, 12))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "a maker", 6
    seeds = {fmt: encoded(picture, fmt, **options) for fmt, options in FORMATS.items()}
    seeds["progressive"] = encoded(picture, "JPEG", progressive=True, exif=exif.tobytes())
    seeds["restarts"] = encoded(picture, "JPEG", restart_marker_blocks=2)
    seeds["many scans"] = scan_bomb(40)
    seeds["cmyk"] = with_segments(
        encoded(picture.convert("CMYK"), "JPEG"), segment(0xE2, b"ICC_PROFILE\0\1\1" + b"x" * 99)
    )
    seeds["texts"] = with_chunks(encoded(picture, "PNG", exif=exif.tobytes()), chunk(b"iTXt", b"a\0\0\0\0\0b"))
    seeds["palette"] = encoded(picture.quantize(16), "PNG", transparency=3)
    seeds["deep"] = encoded(Image.fromarray(np.arange(3072, dtype=np.uint16).reshape(48, 64) * 21), "PNG")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "tiff_ccitt"):
        image = picture.convert("1") if compression == "tiff_ccitt" else picture
        seeds[compression] = encoded(image, "TIFF", compression=compression, exif=exif)
    seeds["floats"] = encoded(Image.fromarray(np.linspace(0, 1, 3072, dtype=np.float32).reshape(48, 64)), "TIFF")
    for fmt in ("GIF", "WEBP", "TIFF", "AVIF", "HEIF", "PNG", "MPO"):
        seeds[f"several {fmt}"] = encoded(picture, fmt, save_all=True, append_images=[picture.rotate(180)] * 3)
    return seeds


SEEDS = _seeds()


def mutated(data: bytes, chance: random.Random, changes: int) -> bytes:
    """The file with so many changes: bytes altered, lost, doubled, moved, numbers made extreme, its end cut off."""
    out = bytearray(data)
    for _ in range(changes):
        place, length = chance.randrange(len(out) + 1), chance.choice([1, 1, 2, 4, 8, 64])
        # Headers decide most; half of all changes go there.
        place = place % 256 if chance.random() < 0.5 else place
        action = chance.randrange(7)
        if action == 0:
            out[place : place + 1] = bytes([chance.randrange(256)])
        elif action == 1:
            del out[place : place + length]
        elif action == 2:
            out[place:place] = chance.randbytes(length)
        elif action == 3:
            out[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\xff\xff"])
        elif action == 4:
            out[place:place] = out[place : place + length] * chance.randrange(1, 50)
        elif action == 5:
            start = chance.randrange(len(out) + 1)
            out[place:place] = out[start : start + length]
        else:
            del out[len(out) - chance.randrange(len(out) // 2 + 1) :]
    return bytes(out)


@pytest.fixture(scope="module", autouse=True)
def processes() -> Iterator[None]:
    """Two of their own, which may use less memory than the product's would."""
    real, quarantine._shared = quarantine._shared, Quarantine(workers=2, memory=1 << 30)
    yield
    quarantine._shared.close()
    quarantine._shared = real


def read(data: bytes) -> None:
    try:
        pixels = square_guarded(data, 32, seconds=SECONDS)
    except Undecodable as error:
        assert error.problem in PROBLEMS
        assert error.problem not in ("crash", "timeout"), str(error)
        assert error.detail
        assert error.detail.isprintable()
    else:
        assert pixels.shape == (32, 32, 3)
        assert pixels.dtype == np.uint8


@pytest.mark.parametrize("name", SEEDS)
def test_as_they_are_all_can_be_read(name: str) -> None:
    square_guarded(SEEDS[name], 32, seconds=SECONDS)


CHANGED = given(st.sampled_from(sorted(SEEDS)), st.randoms(use_true_random=False), st.integers(1, 12))


@settings(max_examples=150)
@CHANGED
def test_damaged_files_are_read_or_refused(name: str, chance: random.Random, changes: int) -> None:
    read(mutated(SEEDS[name], chance, changes))


@pytest.mark.prove
@pytest.mark.timeout(1800)
@settings(max_examples=2000)
@CHANGED
def test_2000_damaged_files_are_read_or_refused(name: str, chance: random.Random, changes: int) -> None:
    read(mutated(SEEDS[name], chance, changes))
