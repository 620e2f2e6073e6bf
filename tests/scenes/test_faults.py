"""Every planted fault is there as the table says, and nothing else was touched."""

from __future__ import annotations

import collections
import io
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sightline.errors import UsageError
from sightline.scenes.damage import CORRUPTIONS, NEAR
from sightline.scenes.faults import COLUMNS, Faults, Planted, plant
from sightline.scenes.write import CLASSES, KINDS, write_scenes

SPLITS = {"train": 0.6, "val": 0.2, "test": 0.2}
PLAN = Faults(
    wrong_labels=0.1, confusable=0.5, duplicates=6, near_duplicates=12, conflicts=5, leaks=8, corrupt=8, off_topic=5
)


def _tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _label(path: str) -> str:
    return path.split("/")[-2]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without faults."""
    root = tmp_path_factory.mktemp("sound") / "set"
    write_scenes(root, per_class=15, size=32, seed=4, splits=SPLITS, workers=1)
    return root


@pytest.fixture(scope="module")
def clean(sound: Path) -> dict[str, bytes]:
    return _tree(sound)


@pytest.fixture(scope="module")
def planted(sound: Path, clean: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Planted:
    root = tmp_path_factory.mktemp("faulty") / "set"
    shutil.copytree(sound, root)
    rows = [(path, path.split("/")[1], path.split("/")[0]) for path in clean]
    order = {name: number for number, name in enumerate(SPLITS)}
    rows.sort(key=lambda row: (row[1], order[row[2]], row[0]))  # the order in which write_scenes draws
    return plant(root, pd.DataFrame(rows, columns=["path", "label", "split"]), PLAN, seed=4)


def test_the_counts_are_as_asked(planted: Planted) -> None:
    assert list(planted.table.columns) == list(COLUMNS)
    assert planted.table["path"].is_monotonic_increasing and planted.table["path"].is_unique
    assert planted.table["fault"].value_counts().to_dict() == {
        "wrong-label": 9,
        "duplicate": 6,
        "near-duplicate": 12,
        "conflict": 5,
        "leak": 8,
        "corrupt": 8,
        "off-topic": 5,
    }


def test_all_other_photos_are_as_they_were(clean: dict[str, bytes], planted: Planted) -> None:
    faulty = _tree(planted.root)
    table = set(planted.table["path"])
    assert table <= set(faulty)
    untouched = {path: content for path, content in faulty.items() if path not in table}
    moved = set(clean) - set(untouched)
    assert len(moved) == 9  # the wrongly labelled, which lie elsewhere now
    assert all(clean[path] == content for path, content in untouched.items())
    assert len(faulty) == len(clean) + len(table) - 9


def test_wrong_labels_are_photos_of_another_class(clean: dict[str, bytes], planted: Planted) -> None:
    truth = {sha256(content).digest(): path for path, content in clean.items()}
    kinds: collections.Counter[str] = collections.Counter()
    for row in planted.of("wrong-label").itertuples():
        source = truth[sha256((planted.root / row.path).read_bytes()).digest()]
        assert _label(source) == row.true_label != _label(row.path)
        assert source.split("/")[0] == row.path.split("/")[0]  # the split is kept
        pair = {row.true_label, _label(row.path)}
        close = pair in ({"glacier", "mountain"}, {"buildings", "street"}, {"glacier", "sea"})
        kind = row.detail.split(":")[0]
        assert close == (kind == "confusable")
        kinds[kind] += 1
    assert kinds["confusable"] >= 4 and kinds["uniform"] >= 1


@pytest.mark.parametrize("fault", ["duplicate", "near-duplicate", "conflict", "leak"])
def test_twins_are_twins(clean: dict[str, bytes], planted: Planted, fault: str) -> None:
    for row in planted.of(fault).itertuples():
        copy, original = (planted.root / row.path).read_bytes(), (planted.root / row.twin).read_bytes()
        assert clean[row.twin] == original  # the twin itself is sound
        assert _label(row.twin) == row.true_label
        assert (_label(row.path) != row.true_label) == (fault == "conflict")
        assert (row.path.split("/")[0] != row.twin.split("/")[0]) == (fault == "leak")
        exact = row.detail.startswith("copied byte for byte")
        assert (copy == original) == exact
        assert exact or row.detail.split(" ")[0] in NEAR
        if not exact and not row.detail.startswith(("mirrored", "cropped")):
            images = [Image.open(io.BytesIO(content)).convert("L").resize((16, 16)) for content in (copy, original)]
            a, b = (np.asarray(image, float).ravel() for image in images)
            assert np.corrcoef(a, b)[0, 1] > 0.8
    details = planted.of(fault)["detail"]
    assert details.str.startswith("copied").mean() == {"duplicate": 1, "near-duplicate": 0}.get(fault, 0.5) or (
        fault == "conflict" and details.str.startswith("copied").sum() == 3
    )


def test_kinds_of_near_duplicates_take_turns(planted: Planted) -> None:
    kinds = planted.of("near-duplicate")["detail"].str.split(" ").str[0].value_counts()
    assert kinds.to_dict() == dict.fromkeys(Faults().kinds, 2)


def test_corrupt_files_are_corrupt_as_said(planted: Planted) -> None:
    rows = planted.of("corrupt")
    assert rows["detail"].value_counts().to_dict() == dict.fromkeys(CORRUPTIONS, 2)
    for row in rows.itertuples():
        content = (planted.root / row.path).read_bytes()
        with pytest.raises(OSError):
            Image.open(io.BytesIO(content)).load()
        if row.detail == "truncated":
            whole = (planted.root / row.twin).read_bytes()
            assert whole.startswith(content) and 0.25 < len(content) / len(whole) < 0.9
        if row.detail == "empty":
            assert not content


def test_off_topic_pictures_can_be_read(planted: Planted) -> None:
    rows = planted.of("off-topic")
    assert sorted(rows["detail"]) == sorted(KINDS)
    for row in rows.itertuples():
        with Image.open(planted.root / row.path) as image:
            image.load()
            assert image.size == (32, 32)
        assert row.true_label == "" and row.twin == ""


def test_no_photo_takes_part_twice(planted: Planted) -> None:
    twins = planted.table.loc[planted.table["twin"] != "", "twin"]
    assert twins.is_unique
    assert not set(twins) & set(planted.table["path"])


def test_write_scenes_plants_the_same_with_the_same_seed(planted: Planted, tmp_path: Path) -> None:
    again = write_scenes(tmp_path / "set", per_class=15, size=32, seed=4, splits=SPLITS, faults=PLAN, workers=1)
    pd.testing.assert_frame_equal(again.table, planted.table)
    assert _tree(again.root) == _tree(planted.root)


def _photos(root: Path, labels: list[str], count: int) -> pd.DataFrame:
    """A small folder of other photos, PNG as well as JPEG, with names that are no numbers."""
    rows = []
    for label in labels:
        (root / label).mkdir(parents=True)
        for i in range(count):
            name = f"{label}/IMG {i}ä.{'png' if i % 2 else 'jpg'}"
            Image.effect_noise((40, 30), 60 + i).convert("RGB").save(root / name)
            rows.append((name, label, ""))
    return pd.DataFrame(rows, columns=["path", "label", "split"])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_folder_can_be_planted_in(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("any")
    samples = _photos(root, ["cat", "dog", "köter"], 6)
    names = ("wrong_labels", "duplicates", "near_duplicates", "conflicts", "corrupt", "off_topic")
    asked = {name: data.draw(st.sampled_from([0, 0.06, 0.11, 1, 2, 3])) for name in names}
    seed = data.draw(st.integers(0, 1000))
    result = plant(root, samples, Faults(**asked), seed)
    counts = {name: round(value * 18) if value < 1 else value for name, value in asked.items()}
    assert len(result.table) == sum(counts.values())
    assert len(_tree(root)) == 18 + sum(counts.values()) - counts["wrong_labels"]
    for row in result.table.itertuples():
        path = root / row.path
        assert path.is_file()
        if row.fault == "duplicate":
            assert path.suffix == (root / row.twin).suffix


def test_photos_outside_class_folders_are_refused(tmp_path: Path) -> None:
    samples = _photos(tmp_path, ["cat", "dog"], 2).assign(label=["dog", "dog", "cat", "cat"])
    before = _tree(tmp_path)
    with pytest.raises(UsageError, match="folder named dog"):
        plant(tmp_path, samples, Faults(duplicates=1))
    assert _tree(tmp_path) == before


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        (Faults(leaks=1), "between splits"),
        (Faults(duplicates=4, corrupt=1), "only 4 photos"),
        (Faults(wrong_labels=5), "only 4 photos"),
    ],
)
def test_impossible_plans_are_refused(tmp_path: Path, faults: Faults, message: str) -> None:
    samples = _photos(tmp_path, ["cat", "dog"], 2)
    before = _tree(tmp_path)
    with pytest.raises(UsageError, match=message):
        plant(tmp_path, samples, faults)
    assert _tree(tmp_path) == before


def test_one_class_has_no_wrong_labels(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need two classes"):
        plant(tmp_path, _photos(tmp_path, ["cat"], 3), Faults(wrong_labels=1))


@pytest.mark.parametrize("plan", [{"duplicates": -1}, {"kinds": ("blurred",)}, {"corruptions": ("melted",)}])
def test_unknown_plans_are_refused(plan: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="Faults"):
        Faults(**plan)  # type: ignore[arg-type]


def test_classes_are_in_order() -> None:
    assert list(CLASSES) == sorted(CLASSES)
