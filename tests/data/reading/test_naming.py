"""What names mean."""

import pytest

from sightline.data.reading import naming


@pytest.mark.parametrize("name", ["train", "Train", "TRAINING", "seg_train", " train "])
def test_training_has_several_names(name):
    assert naming.split_of(name) == "train"


def test_the_other_splits():
    assert {naming.split_of(name) for name in ("val", "valid", "validation", "VAL", "seg_val", "dev")} == {"val"}
    assert {naming.split_of(name) for name in ("test", "Testing", "seg_test")} == {"test"}
    assert {naming.split_of(name) for name in ("", "trainer", "contest", "tests", "pred", "1")} == {""}


@pytest.mark.parametrize("name", ["seg_pred", "pred", "Predictions", "unlabelled", "unlabeled"])
def test_unlabelled_parts(name):
    assert naming.is_unlabelled(name)
    assert not naming.is_unlabelled("label")


@pytest.mark.parametrize(
    "name", [".hidden", "._cat.jpg", ".DS_Store", "Thumbs.db", "thumbs.DB", "desktop.ini", "__MACOSX"]
)
def test_clutter_is_never_a_sample(name):
    assert naming.is_clutter(name)


@pytest.mark.parametrize("name", ["cat.jpg", "CAT.JPEG", "a b.png", "x.tar.webp", "森.HEIC", "a.avif", "n\n.bmp"])
def test_photos_by_name(name):
    assert naming.is_image(name)
    assert not naming.is_clutter(name)
    assert not naming.is_sidecar(name)


def test_sidecars_by_name():
    assert all(naming.is_sidecar(name) for name in ("labels.csv", "README", "LICENSE.txt", "a.json", "IMG_1.AAE"))
    assert not any(naming.is_sidecar(name) for name in ("movie.mp4", "data", "archive.zip", "cat.psd"))
