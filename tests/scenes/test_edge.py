"""The class shows at the edge, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest

from sightline.data.decoding.fit import square
from sightline.scenes.edge import SHAPES, draw_edge, write_edges


def _red(pixels: np.ndarray) -> int:
    red, green, blue = np.moveaxis(pixels.astype(int), 2, 0)
    return int(((red > 200) & (green < 100) & (blue < 100)).sum())


@pytest.mark.parametrize("shape", SHAPES)
def test_a_middle_square_loses_it(shape: str) -> None:
    for number in range(6):
        image = draw_edge(shape, number, 64, 3)
        assert image.size == (192, 64)
        assert _red(np.asarray(image)) > 100
        assert _red(square(image, 64, "pad")) > 10
        assert _red(square(image, 64)) < 10


def test_a_folder_of_them(tmp_path: Path) -> None:
    write_edges(tmp_path / "photos", per_class=2, height=48, ratio=2)
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == sorted(SHAPES)
    assert len(list((tmp_path / "photos").glob("*/*.jpg"))) == 6
    assert (draw_edge("box", 1, 48, 2).tobytes()) != (draw_edge("box", 2, 48, 2).tobytes())
