"""A run as Python users hold it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sightline
from sightline.errors import SightlineError, UsageError


@pytest.fixture(scope="module")
def run(run_path: Path) -> sightline.Run:
    return sightline.Run(run_path)


def test_the_evaluation_has_exactly_its_keys(run: sightline.Run, run_path: Path) -> None:
    stored = json.loads((run_path / "evaluation.json").read_text())
    assert list(stored) == [
        "n", "accuracy", "accuracy_ci95", "macro_f1", "weighted_f1", "per_class", "confusion", "classes", "ece",
        "log_loss", "test_opened",
    ]  # fmt: skip
    assert run.evaluation.to_dict() == stored
    low, high = run.evaluation.accuracy_ci95
    assert 0 <= low <= run.evaluation.accuracy <= high <= 1


def test_its_tables_are_those_of_its_folder(run: sightline.Run, run_path: Path) -> None:
    assert run.path == run_path
    assert run.report.is_file()
    assert list(run.metrics["phase"]) == ["scratch"] * 3
    assert set(run.predictions["split"]) == {"val", "test"}
    assert "complete" in repr(run)


def test_its_model_is_the_one_that_load_gives(run: sightline.Run, run_path: Path) -> None:
    held, loaded = run.model(), sightline.load(run_path / "model")
    assert held.classes == loaded.classes == tuple(run.evaluation.classes)
    assert isinstance(held, sightline.Predictor)


def test_a_run_that_is_not_complete_says_how_to_go_on(run_path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_path, tmp_path / "copy"))
    (copy / "evaluation.json").unlink()
    run = sightline.Run(copy)
    with pytest.raises(SightlineError, match=f"--resume {copy}"):
        _ = run.evaluation


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a run"):
        sightline.Run(tmp_path)


def test_a_run_and_what_hangs_on_it_show_themselves_in_a_notebook(run_path: Path) -> None:
    run = sightline.Run(run_path)
    assert run.evaluation.headline in repr(run)
    shown = run._repr_html_()
    assert "Kept:" in shown
    assert "<table>" in shown
    test = run.predictions.query("split == 'test'")
    assert shown.count("data:image/jpeg") == min(6, int((test["label"] != test["predicted"]).sum()))
    assert repr(run.evaluation) == f"Evaluation({run.evaluation.headline})"
    model = run.model()
    assert "classes" in repr(model)
    assert "Learned from" in model._repr_html_()
