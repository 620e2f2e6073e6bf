"""DATA becomes checked photos on their sides of the split; leaks that came with the data are counted and said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from sightline import recipes
from sightline.errors import SightlineError, UsageError
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Prepared, open_data, prepare, reopen


def prepared(data: Path, **options: object) -> Prepared:
    made = recipes.resolve("demo-scratch", {"data": str(data), **options})
    return prepare(open_data(made), made, 48)


@pytest.fixture
def given(scenes: Path, tmp_path: Path) -> Path:
    """The scenes with splits of their own: 18, 6 and 6 of each class."""
    for folder in scenes.iterdir():
        for number, path in enumerate(sorted(folder.iterdir())):
            split = "train" if number < 18 else "val" if number < 24 else "test"
            (tmp_path / "given" / split / folder.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "given" / split / folder.name / path.name)
    return tmp_path / "given"


def test_given_splits_are_kept(given: Path) -> None:
    found = prepared(given)
    assert found.facts.splits_given
    assert found.dataset.samples["split"].value_counts().to_dict() == {"train": 108, "val": 36, "test": 36}
    assert all(row.path.startswith(row.split) for row in found.dataset.samples.itertuples())


def test_leaks_between_given_splits_are_counted(given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = prepared(given).facts.leaks
    test = sorted((given / "test" / "sea").iterdir())
    shutil.copy(test[0], given / "train" / "sea" / "copy.jpg")
    with Image.open(test[1]) as image:
        image.save(given / "train" / "sea" / "again.jpg", quality=60)
    assert prepared(given).facts.leaks == before + 2
    assert "also stand in training or validation" in capsys.readouterr().err


def test_duplicates_stay_on_one_side_where_we_split(scenes: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    originals = sorted((data / "forest").iterdir())[:8]
    for path in originals:
        with Image.open(path) as image:
            image.resize((50, 50)).save(path.with_name(f"small-{path.name}"), quality=80)
    samples = prepared(data).dataset.samples.set_index("path")
    for path in originals:
        pair = samples.loc[[f"forest/{path.name}", f"forest/small-{path.name}"]]
        assert pair["split"].nunique() == 1
        assert pair["duplicate_group"].nunique() == 1


def test_groups_of_a_manifest_stay_on_one_side(scenes: Path, tmp_path: Path) -> None:
    rows = [
        (path.relative_to(scenes).as_posix(), path.parent.name, f"camera {number // 3}")
        for folder in sorted(scenes.iterdir())
        for number, path in enumerate(sorted(folder.iterdir()))
    ]
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    pd.DataFrame(rows, columns=["path", "label", "group"]).to_csv(data / "labels.csv", index=False)
    samples = prepared(data / "labels.csv").dataset.samples
    assert (samples.groupby("group")["split"].nunique() == 1).all()


def test_only_the_split_seed_moves_the_split(scenes: Path) -> None:
    first = prepared(scenes).dataset.samples["split"]
    assert (prepared(scenes, seed=9).dataset.samples["split"] == first).all()
    assert (prepared(scenes, split_seed=9).dataset.samples["split"] != first).any()


def test_equal_numbers_of_each_class(scenes: Path) -> None:
    samples = prepared(scenes, per_class=10).dataset.samples
    chosen = samples[samples["split"] != "test"]
    assert set(chosen["label"].value_counts()) == {10}
    assert (samples["split"] == "test").sum() == 120


def test_bad_files_are_left_out_and_listed(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    (data / "sea" / "empty.jpg").write_bytes(b"")
    (data / "sea" / "text.jpg").write_text("not a photo")
    found = prepared(data)
    listed = found.dataset.problems.set_index("path")["action"]
    assert listed["sea/empty.jpg"] == listed["sea/text.jpg"] == "left out"
    assert len(found.dataset.samples) == 180
    assert "2 files left out" in capsys.readouterr().err


def test_one_class_is_not_enough(scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(scenes / "sea", tmp_path / "data" / "sea")
    with pytest.raises(SightlineError, match="sea"):
        prepared(tmp_path / "data")


def test_no_data_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="No DATA"):
        open_data(recipes.resolve("demo-scratch"))


def test_the_data_is_never_modified(scenes: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in data.rglob("*") if path.is_file()}
    prepared(data)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in data.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("options", "photos", "message"),
    [
        ({}, {"a": 9}, "only one class, 'a'"),
        ({}, {"a": 9, "b": 2}, "class 'b' has 2 usable photos"),
        ({}, {"train/a": 9, "train/b": 9, "test/a": 9}, "the test part has no usable photo of 'b'"),
        ({}, {"val/a": 9, "val/b": 9, "test/a": 9, "test/b": 9}, "a test and a val part but none to train on"),
        ({"per_class": 4}, {"train/a": 9, "train/b": 9}, "--per-class: this dataset brings its own splits"),
        ({"per_class": 9}, {"a": 20, "b": 9}, "--per-class 9: class 'b' has only 9 photos.*Try 8"),
        ({"folds": 5}, {"a": 20, "b": 4}, "--folds 5: class 'b' has only 4 photos outside test"),
        ({}, {"one/a": 3, "one/b": 3, "two/a": 3, "two/b": 3}, "Are these splits or classes"),
    ],
)
def test_what_the_listing_tells_is_said_before_any_photo_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict, photos: dict[str, int], message: str
) -> None:
    monkeypatch.setattr("sightline.runs.prepare.preflight", None)
    for folder, count in photos.items():
        (tmp_path / "data" / folder).mkdir(parents=True)
        for number in range(count):
            (tmp_path / "data" / folder / f"{number}.jpg").write_bytes(b"never opened")
    with pytest.raises(SightlineError, match=message):
        open_data(recipes.resolve("demo-scratch", {"data": str(tmp_path / "data"), **options}))


def test_what_is_passed_over_is_said_on_the_screen(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    shutil.copytree(scenes / "sea", data / "runs" / "one" / "explain")
    (data / "runs" / "one" / ".sightline").write_text("a run\n")
    found = open_data(recipes.resolve("demo-scratch", {"data": str(data)}))
    assert "runs" not in found.classes
    assert "runs/one: written by Sightline (a run), so no data" in capsys.readouterr().err


@pytest.fixture
def moved(run_path: Path, scenes: Path, tmp_path: Path) -> RunFolder:
    """A run whose photos are at tmp_path/new, and no longer where it knows them."""
    run = RunFolder(shutil.copytree(run_path, tmp_path / "run"))
    shutil.copytree(scenes, tmp_path / "new")
    described = run.known_dataset()
    run.remember_dataset(described.model_copy(update={"root": str(tmp_path / "old")}))
    return run


def test_photos_that_were_moved_are_found_again(moved: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"old: the folder with the photos of .* is gone.*add --data"):
        reopen(moved, 48)
    with pytest.raises(UsageError, match=r"--data .*: no such folder"):
        reopen(moved, 48, data=tmp_path / "nowhere")
    again = reopen(moved, 48, data=tmp_path / "new")
    assert again.dataset.root == tmp_path / "new"
    assert reopen(moved, 48).dataset.root == tmp_path / "new", "the run remembers it"


def test_another_folder_is_not_taken_for_the_one_that_was_moved(moved: RunFolder, tmp_path: Path) -> None:
    photo = tmp_path / "new" / moved.samples()["path"][0]
    photo.write_bytes(photo.read_bytes() + b"\0")
    with pytest.raises(SightlineError, match=r"new: 1 photos changed or went"):
        reopen(moved, 48, data=tmp_path / "new")
    assert moved.known_dataset().root == str(tmp_path / "old")


def test_photos_in_a_cache_that_was_cleared_are_unpacked_again(
    run_path: Path, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", scenes)
    run = RunFolder(shutil.copytree(run_path, tmp_path / "run"))
    config = run.config().model_copy(update={"data": archive})
    run.write_config(config)
    root = open_data(config).root
    run.remember_dataset(run.known_dataset().model_copy(update={"root": str(root)}))
    shutil.rmtree(tmp_path / "cache")
    assert len(reopen(run, 48).dataset) == len(run.samples())
