import numpy as np
import pytest

from sightline.data.pixels import Pixels
from sightline.report import colours


@pytest.fixture
def pixels() -> Pixels:
    return Pixels(np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3)).astype(np.uint8))


def test_mean_and_spread_are_those_of_the_pixels(pixels: Pixels) -> None:
    sea, ice = colours.looks(["sea"] * 5 + ["ice"] * 15, ["sea", "ice"], pixels)
    stored = pixels.stored[:5].reshape(-1, 3).astype(float)
    assert sea.mean == pytest.approx(stored.mean(axis=0))
    assert sea.std == pytest.approx(stored.std(axis=0), rel=1e-4)
    assert np.abs(sea.mean_image - pixels.stored[:5].mean(axis=0)).max() <= 0.5
    assert (sea.n, ice.n) == (5, 15)
    assert sea.brightness == pytest.approx(stored.mean(axis=0) @ [0.299, 0.587, 0.114])


def test_the_palette_finds_the_colours_and_their_shares() -> None:
    stored = np.zeros((8, 20, 20, 3), np.uint8)
    stored[:, :5] = (255, 0, 0)
    (look,) = colours.looks(["a"] * 8, ["a"], Pixels(stored))
    shares = {colours.css(colour): share for colour, share in look.palette}
    assert shares == {"#000000": pytest.approx(0.75, abs=0.15), "#ff0000": pytest.approx(0.25, abs=0.15)}
    assert [colour for colour, _ in look.palette] == [(0, 0, 0), (255, 0, 0)], "dark to light"
    assert sum(shares.values()) == pytest.approx(1)


def test_a_class_without_photos_has_no_look(pixels: Pixels) -> None:
    assert [look.label for look in colours.looks(["sea"] * 20, ["ice", "sea"], pixels)] == ["sea"]


def test_the_strip_names_itself_and_escapes_it() -> None:
    drawn = colours.strip([((0, 0, 0), 0.5), ((255, 255, 255), 0.5)], 'a"b<c')
    assert 'aria-label="a&#34;b&lt;c"' in drawn
    assert drawn.count("<rect") == 2
