"""The Python interface does what the texts promise, on real files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import sightline
from sightline.errors import SightlineError, UsageError
from sightline.runs.folder import RunFolder


@pytest.fixture(scope="module")
def run(run_path: Path) -> sightline.Run:
    return sightline.Run(run_path)


def test_a_run_leaves_all_that_the_contract_names(run_path: Path) -> None:
    expected = [
        "config.yaml", "samples.parquet", "metrics.csv", "steps.csv", "predictions.parquet", "evaluation.json",
        "report.html", "model/model.safetensors", "model/config.json", "model/sightline.json", "log.txt",
    ]  # fmt: skip
    assert [name for name in expected if not (run_path / name).is_file()] == []
    assert not (run_path / "checkpoint").exists()


def test_every_photo_is_on_one_side_and_duplicates_stay_together(run: sightline.Run) -> None:
    samples = run.folder.samples()
    shares = samples["split"].value_counts(normalize=True)
    assert abs(shares["train"] - 0.70) < 0.03
    assert abs(shares["test"] - 0.15) < 0.03
    assert (samples.groupby("duplicate_group")["split"].nunique() == 1).all()


def test_predictions_are_of_val_and_test_alone(run: sightline.Run) -> None:
    samples, predictions = run.folder.samples(), run.predictions
    expected = samples[samples["split"] != "train"]
    assert set(predictions["path"]) == set(expected["path"])
    truth = dict(zip(samples["path"], samples["label"], strict=True))
    assert all(truth[row.path] == row.label for row in predictions.itertuples())


def test_an_out_folder_that_is_not_empty_is_refused(scenes: Path, quick: dict, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="--resume"):
        sightline.train(scenes, out=tmp_path, **quick)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_decisions_are_applied_and_recorded(scenes: Path, quick: dict, tmp_path: Path) -> None:
    sea = sorted(path.relative_to(scenes).as_posix() for path in (scenes / "sea").iterdir())
    rows = [(sea[0], "drop", ""), (sea[1], "relabel", "forest"), (sea[2], "keep", "")]
    pd.DataFrame(rows, columns=["path", "decision", "label"]).to_csv(tmp_path / "decisions.csv", index=False)
    options = {**quick, "epochs": 1, "decisions": tmp_path / "decisions.csv"}
    run = sightline.train(scenes, out=tmp_path / "run", **options)
    samples = run.folder.samples().set_index("path")
    assert sea[0] not in samples.index
    assert samples.loc[sea[1], "label"] == "forest"
    assert samples.loc[sea[2], "label"] == "sea"
    assert run.folder.config().decisions == str(tmp_path / "decisions.csv")
    assert (scenes / sea[0]).is_file()


def test_going_on_from_a_run_keeps_old_photos_in_their_splits(
    run_path: Path, scenes: Path, quick: dict, tmp_path: Path
) -> None:
    from sightline.scenes.write import write_scenes

    grown = Path(shutil.copytree(scenes, tmp_path / "grown"))
    write_scenes(tmp_path / "more", per_class=6, size=64, seed=5)
    for path in (tmp_path / "more" / "sea").iterdir():
        shutil.copy(path, grown / "sea" / f"new-{path.name}")
    shutil.copytree(tmp_path / "more" / "forest", grown / "wood")
    options = {**quick, "epochs": 1, "continues": run_path}
    run = sightline.train(grown, out=tmp_path / "run", **options)
    before = RunFolder(run_path).samples().set_index("path")["split"]
    after = run.folder.samples().set_index("path")["split"]
    assert (after[before.index] == before).all()
    assert len(after) == len(before) + 12
    assert "wood" in run.evaluation.classes


def test_a_changed_photo_is_noticed_on_resume(scenes: Path, run_path: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(scenes, tmp_path / "data"))
    copy = Path(shutil.copytree(run_path, tmp_path / "run"))
    (copy / "evaluation.json").unlink()
    described = json.loads((copy / "dataset.json").read_text())
    (copy / "dataset.json").write_text(json.dumps({**described, "root": str(data)}))
    victim = next((data / "sea").iterdir())
    victim.write_bytes(next((data / "forest").iterdir()).read_bytes())
    with pytest.raises(SightlineError, match=victim.name):
        sightline.tasks.train.resume(copy)


def test_real_photos_and_real_weights(real_photos: Path, real_weights: Path, tmp_path: Path) -> None:
    """A few hundred real photos through the real backbone: far better than chance within seconds."""
    few = tmp_path / "few"
    for folder in sorted(real_photos.iterdir()):
        (few / folder.name).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:40]:
            (few / folder.name / path.name).symlink_to(path)
    run = sightline.train(few, recipe="probe", weights=real_weights, img_size=96, out=tmp_path / "run")
    assert run.evaluation.accuracy > 0.6
    assert run.folder.config().machine is not None


def test_a_start_that_failed_leaves_nothing_and_the_same_command_works_afterwards(
    scenes: Path, quick: dict, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for name in ("sea", "town"):
        shutil.copytree(scenes / "sea" if name == "sea" else scenes / "street", data / name)
    good = sorted((data / "town").iterdir())
    kept = [path.read_bytes() for path in good]
    for path in good:
        path.write_bytes(b"no photo at all")  # which only opening it tells
    options = {**quick, "epochs": 1}
    for out in (tmp_path / "runs" / "x", tmp_path / "mine"):
        out.parent.mkdir(exist_ok=True)
        with pytest.raises(SightlineError, match="class 'town' has 0 usable photos"):
            sightline.train(data, out=out, **options)
        assert not out.exists()
    for path, content in zip(good, kept, strict=True):
        path.write_bytes(content)
    assert sightline.train(data, out=tmp_path / "mine", **options).folder.status == "complete"
    assert (tmp_path / "mine" / ".sightline").read_text().startswith("a run\n")


def test_a_run_inside_its_own_photos_is_no_class_of_the_next(scenes: Path, quick: dict, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("sea", "street"):
        shutil.copytree(scenes / name, data / name)
    options = {**quick, "epochs": 1}
    first = sightline.train(data, out=data / "runs" / "one", **options)
    sightline.explain(first.path, [data / "sea"])
    (first.path / ".sightline").unlink()  # a run of an earlier version
    second = sightline.train(data, out=data / "runs" / "two", **options)
    assert second.folder.known_dataset().classes == ("sea", "street")
    assert len(second.folder.samples()) == 60
