"""A run judged again, on its own test part and on other photos."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import sightline
from sightline.errors import SightlineError
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
