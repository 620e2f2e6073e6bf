import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.report.photos import OUTLINE, Album, Photo, spotlight


def opened(photo: Photo) -> Image.Image:
    assert photo.uri is not None and photo.uri.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(photo.uri.partition(",")[2])))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    image = np.zeros((60, 120, 3), np.uint8)
    image[:, 30:90, 1] = 200  # a green middle between black edges
    Image.fromarray(image).save(tmp_path / "wide.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    return tmp_path


def test_a_photo_is_cut_square_from_its_middle(root: Path) -> None:
    image = opened(Album(root).take("wide.png", 40))
    assert image.size == (40, 40)
    assert np.asarray(image.convert("RGB"))[:, :, 1].min() > 150


def test_a_photo_is_never_enlarged(root: Path) -> None:
    photo = Album(root).take("wide.png", 500)
    assert (photo.width, photo.height) == (60, 60)


def test_a_whole_photo_keeps_its_shape(root: Path) -> None:
    assert opened(Album(root).take("wide.png", 40, whole=True)).size == (40, 20)


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("gone.jpg", "the photo is no longer there"),
        ("broken.jpg", "the photo cannot be read"),
        ("x" * 300, "the photo cannot be read"),
        ("a\0b", "the photo cannot be read"),
    ],
)
def test_a_photo_that_cannot_be_had_says_why(root: Path, path: str, missing: str) -> None:
    photo = Album(root).take(path)
    assert photo.uri is None
    assert photo.missing in (missing, "the photo is no longer there")
    assert Album(root).pixels(path, 40) is None


def test_without_a_root_every_photo_is_missing() -> None:
    assert Album(None).take("a.jpg").missing == "the dataset's folder is not known"


def test_the_budget_ends_the_photos_and_not_the_page(root: Path) -> None:
    album = Album(root, budget=1)
    assert album.take("wide.png", 40).uri is not None
    assert album.take("wide.png", 30).missing == "left out to keep this page small"
    assert album.take("wide.png", 40).uri is not None, "what is there already costs nothing"


def test_a_spotlight_keeps_what_mattered_and_dims_the_rest() -> None:
    photo = np.full((64, 64, 3), (200, 40, 40), np.uint8)
    lit = spotlight(photo, np.array([[1.0, 0.0], [np.nan, 0.0]]))
    assert np.abs(lit[2, 2].astype(int) - photo[2, 2]).max() <= 2
    dim = lit[60, 60]
    assert (lit == OUTLINE).all(axis=2).any(), "the place is outlined"
    assert dim.max() < 80 and np.ptp(dim) < 10, "dim and nearly grey"
