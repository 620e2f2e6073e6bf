"""Every layout of class folders, and the ones that are none."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sightline.data.reading.folder import read_folder
from sightline.data.reading.walk import walk
from sightline.errors import SightlineError


def fill(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path, "JPEG")
    return root


def table(dataset) -> dict[str, tuple[str, str]]:
    return {row.path: (row.split, row.label) for row in dataset.samples.itertuples()}


def test_class_folders(tmp_path):
    fill(tmp_path, "dog/1.jpg", "cat/2.jpg", "cat/1.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert table(dataset) == {"cat/1.jpg": ("", "cat"), "cat/2.jpg": ("", "cat"), "dog/1.jpg": ("", "dog")}
    assert dataset.classes == ("cat", "dog")
    assert dataset.root == tmp_path
    assert dataset.name == "pets"
    assert dataset.set_aside == ()
    assert len(dataset.problems) == 0
    assert (dataset.samples["group"] == "").all()


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_split_folders(tmp_path, val):
    fill(tmp_path, "TRAIN/cat/1.jpg", "TRAIN/dog/1.jpg", f"{val}/cat/2.jpg", f"{val}/dog/2.jpg", "Test/cat/3.jpg")
    fill(tmp_path, "Test/dog/3.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert {split for split, _ in table(dataset).values()} == {"train", "val", "test"}
    assert table(dataset)[f"{val}/dog/2.jpg"] == ("val", "dog")


def test_the_kaggle_form(tmp_path):
    for part in ("train", "test"):
        fill(tmp_path, *(f"seg_{part}/seg_{part}/{label}/{n}.jpg" for label in ("sea", "street") for n in range(3)))
    fill(tmp_path, "seg_pred/seg_pred/1.jpg", "seg_pred/seg_pred/2.jpg")
    dataset = read_folder(walk(tmp_path), "scenes")
    assert dataset.counts().to_dict() == {"train": {"sea": 3, "street": 3}, "test": {"sea": 3, "street": 3}}
    assert dataset.set_aside == ("seg_pred",)
    assert table(dataset)["seg_test/seg_test/sea/0.jpg"] == ("test", "sea")


def test_the_archive_of_the_kaggle_form_in_a_folder_of_its_own(tmp_path):
    fill(tmp_path, "archive/seg_train/seg_train/sea/1.jpg", "archive/seg_train/seg_train/street/1.jpg")
    fill(tmp_path, "archive/seg_test/seg_test/sea/1.jpg", "archive/seg_test/seg_test/street/1.jpg")
    fill(tmp_path, "archive/seg_pred/seg_pred/1.jpg")
    dataset = read_folder(walk(tmp_path), "scenes")
    assert set(dataset.samples["split"]) == {"train", "test"}
    assert dataset.set_aside == ("archive/seg_pred",)


@pytest.mark.parametrize("name", ["pred", "unlabelled", "Unlabeled", "seg_pred"])
def test_an_unlabelled_part_beside_classes_is_left_aside_and_named(tmp_path, name):
    fill(tmp_path, "cat/1.jpg", "dog/1.jpg", f"{name}/1.jpg", f"{name}/deeper/2.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert dataset.set_aside == (name,)
    assert dataset.classes == ("cat", "dog")


def test_a_test_part_without_class_folders_is_left_aside(tmp_path):
    fill(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg", "test/2.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert set(dataset.samples["split"]) == {"train"}
    assert dataset.set_aside == ("test",)


def test_a_test_part_in_one_folder_of_no_class_is_left_aside(tmp_path):
    fill(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "val/cat/2.jpg", "val/dog/2.jpg", "test/images/1.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert dataset.classes == ("cat", "dog")
    assert dataset.set_aside == ("test/images",)


def test_wrappers_are_looked_through(tmp_path):
    fill(tmp_path, "flower_photos/roses/1.jpg", "flower_photos/tulips/1.jpg")
    (tmp_path / "flower_photos" / "LICENSE.txt").write_text("CC BY")
    dataset = read_folder(walk(tmp_path), "flowers")
    assert dataset.classes == ("roses", "tulips")
    assert table(dataset)["flower_photos/roses/1.jpg"] == ("", "roses")


def test_photos_below_a_class_belong_to_it(tmp_path):
    fill(tmp_path, "cat/1.jpg", "cat/2019/2.jpg", "cat/2020/may/3.jpg", "dog/2019/1.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert table(dataset) == {
        "cat/1.jpg": ("", "cat"),
        "cat/2019/2.jpg": ("", "cat"),
        "cat/2020/may/3.jpg": ("", "cat"),
        "dog/2019/1.jpg": ("", "dog"),
    }


def test_a_class_called_train_is_a_class(tmp_path):
    fill(tmp_path, "bus/1.jpg", "car/1.jpg", "train/1.jpg")
    assert read_folder(walk(tmp_path), "vehicles").classes == ("bus", "car", "train")
    fill(tmp_path, "bus/old/1.jpg", "car/old/1.jpg", "train/old/1.jpg", "train/new/1.jpg")
    assert read_folder(walk(tmp_path), "vehicles").classes == ("bus", "car", "train")


def test_two_folders_of_one_split_are_joined(tmp_path):
    fill(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "val/cat/1.jpg", "valid/dog/1.jpg", "valid/cat/2.jpg")
    assert read_folder(walk(tmp_path), "pets").counts()["val"].to_dict() == {"cat": 2, "dog": 1}


def test_a_training_part_alone(tmp_path):
    fill(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg")
    assert set(read_folder(walk(tmp_path), "pets").samples["split"]) == {"train"}


def test_other_folders_beside_splits_are_left_aside(tmp_path):
    fill(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg", "test/dog/1.jpg", "extra/1.jpg")
    assert read_folder(walk(tmp_path), "pets").set_aside == ("extra",)


def test_a_class_that_a_split_lacks_is_named(tmp_path):
    fill(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "train/owl/1.jpg", "test/cat/1.jpg", "test/dog/1.jpg")
    fill(tmp_path, "val/cat/1.jpg", "val/elk/1.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    details = list(dataset.problems.loc[dataset.problems["problem"] == "class missing", "detail"])
    assert details == [
        "the train part has no photo of elk",
        "the val part has no photo of dog, owl",
        "the test part has no photo of elk, owl",
    ]
    assert dataset.classes == ("cat", "dog", "elk", "owl")


def test_stray_photos_and_empty_folders_are_problems(tmp_path):
    fill(tmp_path, "cat/1.jpg", "dog/1.jpg", "stray.jpg")
    (tmp_path / "owl").mkdir()
    dataset = read_folder(walk(tmp_path), "pets")
    named = dataset.problems.set_index("path")["problem"].to_dict()
    assert named == {"stray.jpg": "no class", "owl": "no photos"}
    assert dataset.classes == ("cat", "dog")


def test_classes_that_differ_only_in_case_stay_apart_and_are_named(tmp_path):
    fill(tmp_path, "Cat/1.jpg", "cat/1.jpg", "dog/1.jpg")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this disk does not tell cases apart")
    dataset = read_folder(walk(tmp_path), "pets")
    assert dataset.classes == ("Cat", "cat", "dog")
    assert list(dataset.problems["problem"]) == ["alike names"]


def test_one_class_under_two_spellings_of_unicode_is_one_class(tmp_path):
    names = [unicodedata.normalize(form, "Bäume") for form in ("NFC", "NFD")]
    fill(tmp_path, f"train/{names[0]}/1.jpg", "train/See/1.jpg", f"test/{names[1]}/1.jpg", "test/See/1.jpg")
    dataset = read_folder(walk(tmp_path), "x")
    assert dataset.classes == (names[0], "See")
    assert len(dataset.problems) == 0


def test_no_photos_at_all(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "film.mov").write_bytes(b"\0" * 64)
    with pytest.raises(SightlineError, match=r"no photos in it \(1 things in it cannot be used.*'cat/film.mov'"):
        read_folder(walk(tmp_path), "x")


@pytest.mark.parametrize("names", [["1.jpg", "2.jpg"], ["train/1.jpg", "test/2.jpg"], ["train/1.jpg"]])
def test_photos_lying_flat_say_what_to_do(tmp_path, names):
    fill(tmp_path, *names)
    with pytest.raises(SightlineError, match="lie flat, without class folders") as error:
        read_folder(walk(tmp_path), "x")
    assert "sub-folder" in str(error.value)
    assert "path,label" in str(error.value)


def test_nothing_but_unlabelled_photos(tmp_path):
    fill(tmp_path, "pred/1.jpg", "unlabelled/2.jpg")
    with pytest.raises(SightlineError, match="nothing in it is labelled, only pred, unlabelled"):
        read_folder(walk(tmp_path), "x")


words = st.sampled_from(["train", "test", "val", "cat", "dog", "pred", "seg_test", "x", "Train", "images"])


@settings(max_examples=40)
@given(st.sets(st.lists(words, min_size=0, max_size=3).map("/".join), min_size=1, max_size=6))
def test_whatever_the_tree_every_photo_is_accounted_for(tmp_path_factory, folders):
    root = tmp_path_factory.mktemp("tree")
    names = {f"{folder}/{n}.jpg".lstrip("/") for folder in folders for n in (1, 2)}
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"\xff\xd8\xff")
    try:
        dataset = read_folder(walk(root), "x")
    except SightlineError:
        return
    used = set(dataset.samples["path"])
    strays = set(dataset.problems.loc[dataset.problems["problem"] == "no class", "path"])
    aside = {name for name in names if any(name.startswith(f"{part}/") for part in dataset.set_aside)}
    assert len(dataset) == len(used)
    assert used | strays | aside == names
    assert not used & strays
    assert not used & aside
    assert set(dataset.samples["label"]) == set(dataset.classes)
