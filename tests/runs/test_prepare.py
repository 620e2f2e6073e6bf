"""DATA becomes checked photos on their sides of the split; leaks that came with the data are counted and said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from sightline import recipes
from sightline.errors import SightlineError, UsageError
from sightline.runs.prepare import Prepared, open_data, prepare


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
