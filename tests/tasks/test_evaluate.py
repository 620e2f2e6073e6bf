"""A run judged again, on its own test part and on other photos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sightline
from hostile_run import sightline as command
from sightline.errors import SightlineError
from sightline.judging.assess import assess
from sightline.runs.documents.two_classes import TwoClasses
from sightline.runs.folder import RunFolder


@pytest.fixture(scope="module")
def run(run_path: Path) -> sightline.Run:
    return sightline.Run(run_path)


def test_evaluating_again_gives_the_same_figures_and_is_counted(run_path: Path, scenes: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_path, tmp_path / "runs" / "copy"))
    shutil.copy(run_path.parent / "test-ledger.jsonl", copy.parent)
    before = RunFolder(copy).evaluation()
    found = sightline.evaluate(copy)
    assert found.test_opened == before.test_opened + 1
    assert found.confusion == before.confusion
    assert sightline.evaluate(copy).test_opened == before.test_opened + 2


def test_evaluating_on_other_photos(run: sightline.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sightline.scenes.write import write_scenes

    write_scenes(tmp_path / "new", per_class=5, size=64, seed=77)
    found = sightline.evaluate(run, tmp_path / "new")
    assert (found.n, found.test_opened) == (30, None)
    assert "were used to train" not in capsys.readouterr().err
    table = run.model().predict(sorted((tmp_path / "new").rglob("*.jpg")))
    right = np.mean([Path(row.path).parent.name == row.predicted for row in table.itertuples()])
    assert found.accuracy == pytest.approx(right)


def test_evaluating_on_the_training_photos_warns(
    run: sightline.Run, scenes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sightline.evaluate(run, scenes).n == 180
    assert "were used to train this run" in capsys.readouterr().err


def test_a_class_that_the_run_does_not_know_is_an_error(run: sightline.Run, scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(scenes / "sea", tmp_path / "d" / "sea")
    shutil.copytree(scenes / "forest", tmp_path / "d" / "desert")
    with pytest.raises(SightlineError, match="desert"):
        sightline.evaluate(run, tmp_path / "d")


def test_training_and_evaluating_again_say_the_same_of_the_same_photos(run_path: Path, tmp_path: Path) -> None:
    """Of photos that are copies of one another, too: such a test set claims less."""
    copy = Path(shutil.copytree(run_path, tmp_path / "runs" / "copy"))
    samples = pd.read_parquet(copy / "samples.parquet")
    test = np.flatnonzero(samples["split"] == "test")
    samples.loc[test, "duplicate_group"] = 10_000 + np.arange(len(test)) // 9
    samples.to_parquet(copy / "samples.parquet")
    thinned = assess(RunFolder(copy)).intervals
    assert thinned.groups < thinned.photos / 8
    trained, again = command("train", "--resume", copy), command("evaluate", copy)
    assert (trained.code, again.code) == (0, 0)
    said = [line for line in trained.out.splitlines()[1:] if not line.startswith("Kept: ")]
    assert said == again.out.splitlines()[1 : len(said) + 1]
    assert sightline.evaluate(copy).intervals == thinned


@pytest.fixture(scope="module")
def two(once: Callable[[str, Callable[[Path], object]], Path], scenes: Path, quick: dict) -> Path:
    """A run on sea and forest. Look, do not touch."""

    def make(folder: Path) -> None:
        for name in ("sea", "forest"):
            shutil.copytree(scenes / name, folder / "photos" / name)
        sightline.train(folder / "photos", out=folder / "runs" / "two", **quick)

    return once("two", make) / "runs" / "two"


def test_two_classes_are_read_in_the_same_words_on_own_and_on_new_photos(
    two: Path, scenes: Path, tmp_path: Path
) -> None:
    before = RunFolder(two).extra(TwoClasses)
    assert before is not None and (before.positive, before.why[:7]) == ("forest", "neither")
    copy = Path(shutil.copytree(two, tmp_path / "copy"))
    assert sightline.evaluate(copy).two_classes == before
    again = RunFolder(copy).extra(TwoClasses)
    assert again == before, "an evaluation changes nothing in the run"

    new = tmp_path / "new"
    for name, first in (("sea", 20), ("forest", 5)):
        (new / name).mkdir(parents=True)
        for photo in sorted((scenes / name).iterdir())[:first]:
            shutil.copy(photo, new / name)
    found = sightline.evaluate(two, new, positive="sea", sensitivity=0.5)
    read = found.two_classes
    assert read is not None and (read.positive, read.negative, read.why) == (
        "sea",
        "forest",
        "as asked for with --positive",
    )
    assert (read.photos, read.positives) == (25, 20)
    assert [point.kind for point in read.points] == ["val", "sensitivity"] and read.wanted == 0.5
    at = read.points[0]
    assert (at.found + at.missed, at.passed + at.alarms) == (20, 5)
    # The thresholds are those of the run's own validation photos, whatever photos they are tried on.
    own = sightline.evaluate(copy, positive="sea", sensitivity=0.5).two_classes
    assert own is not None and [p.threshold for p in own.points] == [p.threshold for p in read.points]
    assert "two_classes" not in found.to_dict()


def test_of_two_classes_the_terminal_says_what_the_report_says(two: Path, scenes: Path, tmp_path: Path) -> None:
    for name in ("sea", "forest"):
        shutil.copytree(scenes / name, tmp_path / name)
    said = command("evaluate", two, tmp_path, "--sensitivity", "0.5").out
    assert "forest is the positive class: neither is rarer" in said
    for word in ("chosen on val", "for 50\u00a0% sensitivity", "specificity", "negative predictive value", "AUC"):
        assert word in said
    plain = json.loads(command("evaluate", two, tmp_path, "--json").out)
    asked = json.loads(command("evaluate", two, tmp_path, "--json", "--positive", "sea").out)
    assert asked.pop("two_classes")["positive"] == "sea" and asked == plain
    alone = command("evaluate", two, sea_alone(tmp_path))
    assert alone.code == 0 and "All of these photos are of one class" in alone.err and "AUC" not in alone.out


def sea_alone(place: Path) -> Path:
    """A manifest of photos of one class."""
    rows = [f"sea/{photo.name},sea" for photo in sorted((place / "sea").iterdir())[:3]]
    (place / "sea.csv").write_text("\n".join(["path,label", *rows]))
    return place / "sea.csv"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--positive", "lake"), "--positive lake: there is no such class. Choose forest or sea."),
        (("--sensitivity", "95"), "--sensitivity 95: is a share above 0 and below 1, such as 0.95."),
    ],
)
def test_a_wrong_wish_of_two_classes_is_refused_before_the_test_photos_are_opened(
    flags: tuple[str, str], says: str, two: Path
) -> None:
    ledger = two.parent / "test-ledger.jsonl"
    before = ledger.read_text()
    found = command("evaluate", two, *flags)
    assert (found.code, found.err) == (2, f"sightline: {says}\n")
    assert ledger.read_text() == before


@pytest.mark.parametrize("flags", [("--positive", "sea"), ("--sensitivity", "0.9")])
def test_of_six_classes_none_is_the_positive_one(flags: tuple[str, str], run_path: Path) -> None:
    found = command("evaluate", run_path, *flags)
    assert found.code == 2 and "is for two classes; here there are 6" in found.err
