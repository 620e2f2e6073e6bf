"""How much a crop loses, in numbers and in words."""

import pandas as pd
import pytest

from sightline.checks.shapes import cropped


def _samples(*sizes: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(sizes, columns=["width", "height"])


def test_square_photos_lose_nothing() -> None:
    lost = cropped(_samples((150, 150), (64, 64)))
    assert (lost.mean, lost.most, lost.much, lost.sentence) == (0, 0, 0, "")


@pytest.mark.parametrize(("size", "share", "suggests"), [((400, 300), 0.25, False), ((300, 200), 1 / 3, True)])
def test_a_cameras_photos(size: tuple[int, int], share: float, suggests: bool) -> None:
    for sizes in ([size] * 5, [size[::-1]] * 5):
        lost = cropped(_samples(*sizes))
        assert lost.mean == pytest.approx(share)
        assert lost.suggests_pad is suggests
        assert ("--fit pad" in lost.sentence) is suggests
        assert "up to" not in lost.sentence


def test_a_few_panoramas_among_squares() -> None:
    lost = cropped(_samples(*[(100, 100)] * 17, *[(400, 100)] * 3))
    assert lost.mean == pytest.approx(0.1125)
    assert lost.most == pytest.approx(0.75)
    assert lost.suggests_pad
    assert "up to 75\u00a0%" in lost.sentence
    assert not cropped(_samples(*[(100, 100)] * 19, (400, 100))).suggests_pad


def test_unknown_sizes() -> None:
    assert cropped(pd.DataFrame({"path": ["a"]})) is None
    assert cropped(_samples((0, 0))) is None
    assert cropped(_samples((0, 0), (200, 100))).mean == pytest.approx(0.5)
