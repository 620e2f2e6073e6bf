"""Splits under any usual name, splits inside classes, folds; and where it is unclear, a question."""

from pathlib import Path

import pytest
from PIL import Image

from sightline.data.reading.folder import read_folder
from sightline.data.reading.layout import Unclear
from sightline.data.reading.walk import walk


def fill(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name, "JPEG")
    return root


def parted(root: Path, *parts: str, labels: tuple[str, ...] = ("cats", "dogs")) -> Path:
    return fill(root, *(f"{part}/{label}/{n}.jpg" for part in parts for label in labels for n in range(2)))


@pytest.mark.parametrize(
    ("train", "other", "split"),
    [
        ("training_set", "test_set", "test"),
        ("train", "eval", "val"),
        ("train", "holdout", "test"),
        ("train_data", "test_data", "test"),
        ("Training Data", "Testing Data", "test"),
        ("train2017", "val2017", "val"),
        ("images_train", "images-dev", "val"),
        ("TrainSet", "Hold-Out", "test"),
        ("trn", "tst", "test"),
        ("data.train", "data.validation", "val"),
        ("entrenamiento", "prueba", "test"),
        ("Entraînement", "Validation", "val"),
        ("Trainingsdaten", "Testdaten", "test"),
        ("treino", "validação", "val"),
        ("训练集", "测试集", "test"),
        ("学習", "テスト", "test"),
    ],
)
def test_the_usual_names_of_splits(tmp_path, train, other, split):
    dataset = read_folder(walk(parted(tmp_path, train, other)), "pets")
    assert dataset.classes == ("cats", "dogs")
    assert dataset.counts().to_dict() == {s: {"cats": 2, "dogs": 2} for s in sorted(["train", split])}


def test_a_third_folder_of_single_photos_is_left_aside(tmp_path):
    parted(tmp_path, "training_set", "test_set")
    fill(tmp_path, "single_prediction/1.jpg")
    dataset = read_folder(walk(tmp_path), "udemy")
    assert dataset.classes == ("cats", "dogs")
    assert dataset.set_aside == ("single_prediction",)


@pytest.mark.parametrize("parts", [("first", "second"), ("a", "b", "c"), ("training", "extra"), ("2019", "2020")])
def test_folders_that_hold_the_same_folders_are_asked_about(tmp_path, parts):
    with pytest.raises(Unclear, match=r"holds the same folders \(cats, dogs\)\. Are these splits or classes") as error:
        read_folder(walk(parted(tmp_path, *parts)), "pets")
    assert str(tmp_path) in str(error.value)
    assert all(repr(part) in str(error.value) for part in parts[:2])


def test_much_the_same_folders_are_asked_about_too(tmp_path):
    parted(tmp_path, "one", "two", labels=("cats", "dogs", "owls"))
    fill(tmp_path, "one/elks/1.jpg", "flat/1.jpg")
    with pytest.raises(Unclear, match="'one', 'two' holds the same folders"):
        read_folder(walk(tmp_path), "pets")


def test_a_split_beside_folders_of_its_classes_is_asked_about(tmp_path):
    parted(tmp_path, "train")
    fill(tmp_path, "cats/1.jpg", "dogs/1.jpg")
    with pytest.raises(Unclear, match=r"'train' holds folders named as those beside it \(cats, dogs\)"):
        read_folder(walk(tmp_path), "pets")


def test_a_labelled_folder_beside_splits_is_named_not_passed_over(tmp_path):
    dataset = read_folder(walk(parted(tmp_path, "train", "test", "more")), "pets")
    assert dataset.classes == ("cats", "dogs")
    assert dataset.problems.iloc[0][["path", "problem"]].tolist() == ["more", "no split"]
    assert dataset.set_aside == ()


def test_splits_inside_classes(tmp_path):
    fill(tmp_path, *(f"{label}/{split}/{n}.jpg" for label in "ab" for split in ("train", "Test") for n in range(3)))
    fill(tmp_path, "a/9.jpg")
    dataset = read_folder(walk(tmp_path), "pets")
    assert dataset.counts().to_dict() == {
        "train": {"a": 3, "b": 3},
        "test": {"a": 3, "b": 3},
        "": {"a": 1, "b": 0},
    }


@pytest.mark.parametrize("name", ["fold_{}", "Fold{}", "cv-{}"])
def test_folds_are_pooled_and_that_is_said(tmp_path, name):
    dataset = read_folder(walk(parted(tmp_path, *(name.format(n) for n in range(1, 4)))), "pets")
    assert dataset.counts().to_dict() == {"": {"cats": 6, "dogs": 6}}
    assert dataset.problems["problem"].tolist() == ["folds"]


@pytest.mark.parametrize("form", ["{label}_{split}", "{split}-{label}", "{split} - {label}", "{label}.{split}2017"])
@pytest.mark.parametrize("splits", [("train", "test"), ("Training", "validation")])
def test_folders_named_for_a_class_and_a_split_are_asked_about(tmp_path, form, splits):
    names = [form.format(label=label, split=split) for label in ("cats", "dogs") for split in splits]
    fill(tmp_path, *(f"{name}/{n}.jpg" for name in names for n in range(2)))
    with pytest.raises(Unclear, match="are named for one class and for splits") as error:
        read_folder(walk(tmp_path), "pets")
    assert repr(min(names)) in str(error.value)


@pytest.mark.parametrize("names", [("steam_train", "bus"), ("test_tube", "beaker"), ("dev_board", "eval_board")])
def test_a_class_whose_name_holds_the_word_of_a_split_stays_one(tmp_path, names):
    fill(tmp_path, *(f"{name}/{n}.jpg" for name in names for n in range(2)))
    assert set(read_folder(walk(tmp_path), "x").classes) == set(names)


def test_folders_below_classes_that_have_little_in_common_ask_nothing(tmp_path):
    fill(tmp_path, "sea/2019/1.jpg", "sea/2020/1.jpg", "town/2020/1.jpg", "town/old/1.jpg", "wood/1.jpg")
    assert read_folder(walk(tmp_path), "x").classes == ("sea", "town", "wood")
