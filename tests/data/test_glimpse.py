"""A few photos, looked at before all of them are."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.data.glimpse import guess_size, sample_pixels
from sightline.data.table import Dataset, problem_table, sample_table
from sightline.errors import SightlineError


def encoded(image: Image.Image, fmt: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def dataset(root: Path) -> Dataset:
    rows = [(str(path.relative_to(root)), path.parent.name, "", "") for path in sorted(root.glob("*/*"))]
    return Dataset(root.name, root, sample_table(rows), ("sea",), problem_table([]))


def test_is_the_median(tmp_path):
    (tmp_path / "sea").mkdir()
    for number, size in enumerate([(100, 80), (120, 90), (4000, 10)]):
        (tmp_path / "sea" / f"{number}.png").write_bytes(encoded(Image.new("RGB", size), "PNG"))
    (tmp_path / "sea" / "9.png").write_bytes(b"broken")
    assert guess_size(dataset(tmp_path)) == (120, 80)


def test_turned_photos_count_as_seen(tmp_path):
    (tmp_path / "sea").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 8
    (tmp_path / "sea" / "1.jpg").write_bytes(encoded(Image.new("RGB", (100, 60)), exif=exif))
    assert guess_size(dataset(tmp_path)) == (60, 100)


def test_nothing_readable(tmp_path):
    (tmp_path / "sea").mkdir()
    for _ in range(2):
        with pytest.raises(SightlineError, match="could be read"):
            guess_size(dataset(tmp_path))
        (tmp_path / "sea" / "1.jpg").write_bytes(b"no")


def test_photos_to_try_engines_on_come_from_the_whole_dataset(tmp_path):
    (tmp_path / "sea").mkdir()
    for number in range(9):
        image = Image.new("RGB", (40, 30), (number * 20, 0, 0))
        (tmp_path / "sea" / f"{number}.png").write_bytes(encoded(image, "PNG"))
    (tmp_path / "sea" / "4.png").write_bytes(b"broken")
    pixels = sample_pixels(dataset(tmp_path), 24, most=3)
    assert pixels.shape == (2, 24, 24, 3)
    assert pixels.dtype == np.uint8
    assert [int(square[0, 0, 0]) for square in pixels] == [0, 160]
