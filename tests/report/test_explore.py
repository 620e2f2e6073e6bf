import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sightline.data.pixels import Pixels
from sightline.data.table import Dataset
from sightline.errors import UsageError
from sightline.report import augmentation, explore

MakeDataset = Callable[..., tuple[Dataset, Pixels]]


def test_page_and_json_say_the_same(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset, pixels = make_dataset()
    found = explore.write(dataset, pixels, tmp_path / "out")
    text = (tmp_path / "out" / "explore.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "explore.json").read_text()) == found
    assert found["photos"] == 72 and f">{found['photos']}</span>" in text
    assert found["counts"]["sea"] == {"train": 6, "val": 3, "test": 3}
    assert found["sizes"]["sentence"] in text
    assert found["formats"] == {"JPEG": 72} and found["modes"] == {"RGB": 72} and found["bytes"] == 144_000
    assert [row["path"] for row in found["problems"]] == ["sea/half.jpg"] and "sea/half.jpg" in text
    for group in found["variety"]["groups"]:
        assert group["name"].capitalize() in text
    assert sum(group["photos"] for group in found["variety"]["groups"]) == 72
    assert set(found["colour"]["classes"]) == set(dataset.classes)


def test_the_page_is_self_contained_and_has_no_script(make_dataset: MakeDataset, tmp_path: Path) -> None:
    explore.write(*make_dataset(classes=["<script>x", '"><img src=x>'], per_class=20), tmp_path)
    text = (tmp_path / "explore.html").read_text(encoding="utf-8")
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    assert text.count("<img ") == text.count('<img src="data:image/jpeg;base64,')
    assert "&lt;script&gt;x" in text


def test_augmentation_is_shown_before_and_after(make_dataset: MakeDataset, tmp_path: Path) -> None:
    found = explore.write(*make_dataset(), tmp_path, augment="scenes-002")
    assert found["augment"]["preset"] == "scenes-002" and found["augment"]["spec"]["rotation"] == 10
    text = (tmp_path / "explore.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="augment">') :]
    assert section.count('alt="sea, as it is"') == 1
    after = section.split('alt="sea, augmented"')[:-1]
    assert len({part.rpartition('src="')[2] for part in after}) == augmentation.VARIANTS, (
        "each one is changed in its own way"
    )


def test_an_unknown_preset_is_an_error_before_any_work(make_dataset: MakeDataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Presets"):
        explore.write(*make_dataset(), tmp_path / "out", augment="nonsense")
    assert not (tmp_path / "out").exists()


def test_odd_sizes_are_named_the_oddest_first(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset, pixels = make_dataset()
    dataset.samples.loc[3, ["width", "height"]] = (48, 40)
    dataset.samples.loc[7, ["width", "height"]] = (48, 9)
    found = explore.write(dataset, pixels, tmp_path)
    assert [row["height"] for row in found["sizes"]["odd"]] == [9, 40]
    assert found["sizes"]["odd_total"] == 2
    assert "The oddest sizes" in (tmp_path / "explore.html").read_text(encoding="utf-8")


def test_a_networks_features_group_the_photos(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset, pixels = make_dataset(classes=["a", "b"], per_class=40)
    embeddings = np.eye(2)[(dataset.samples["label"] == "b").astype(int)] + np.random.default_rng(0).normal(
        0, 0.1, (80, 2)
    )
    found = explore.write(dataset, pixels, tmp_path, embeddings=embeddings)
    assert found["variety"]["by"] == "the network's features"
    assert all(len(group["classes"]) == 1 for group in found["variety"]["groups"])


@pytest.mark.parametrize(("classes", "per_class"), [(["only"], 1), (["a", "b"], 2)])
def test_few_photos_are_no_reason_to_fail(
    make_dataset: MakeDataset, tmp_path: Path, classes: list[str], per_class: int
) -> None:
    found = explore.write(*make_dataset(classes=classes, per_class=per_class), tmp_path, augment="light")
    assert found["variety"]["groups"] == []
    assert 'id="variety"' not in (tmp_path / "explore.html").read_text(encoding="utf-8")


def test_a_class_without_photos_is_counted_as_none(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset, pixels = make_dataset(classes=["a", "b"])
    found = explore.write(dataset.replace(classes=("a", "b", "empty")), pixels, tmp_path)
    assert found["counts"]["empty"] == {"train": 0, "val": 0, "test": 0}


def test_many_classes_keep_the_page_small(make_dataset: MakeDataset, tmp_path: Path) -> None:
    explore.write(*make_dataset(classes=[f"class {i:02}" for i in range(64)], per_class=3), tmp_path)
    assert (tmp_path / "explore.html").stat().st_size < 6_000_000
    assert "The first 60 of 64 classes" in (tmp_path / "explore.html").read_text(encoding="utf-8")
