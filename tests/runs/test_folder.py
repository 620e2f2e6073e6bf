"""The run folder: what is written is read back, and one process at a time works on it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from sightline.config import Config
from sightline.errors import SightlineError, UsageError
from sightline.judging.figures import evaluate
from sightline.runs.columns import METRICS
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.trust import Slices
from sightline.runs.folder import RunFolder
from sightline.runs.place import default_path


def test_parts_that_are_not_there_are_empty(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.evaluation() is run.extra(Slices) is run.dataset() is None
    assert len(run.samples()) == len(run.predictions()) == len(run.problems()) == 0
    assert list(run.metrics().columns) == METRICS


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "new" / "run")
    run.write_config(Config(data="somewhere", batch_size=9))
    assert run.config() == Config(data="somewhere", batch_size=9)
    problems = pd.DataFrame(
        [("a\nb.jpg", "truncated", "NA", "left out")], columns=["path", "problem", "detail", "action"]
    )
    samples = pd.DataFrame({"path": ["a"], "label": ["NA"], "split": ["test"]})
    described = DatasetFacts(name="é", root="/x", classes=("NA", "b"), leaks=3)
    run.write_data(described, samples, problems)
    assert run.dataset() == described
    assert run.problems().to_dict("records") == problems.to_dict("records")
    assert run.samples()["label"][0] == "NA"
    run.write_extra(Slices(slices=(), worst="dark"))
    assert run.extra(Slices) == Slices(slices=(), worst="dark")


def test_a_folder_with_something_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        RunFolder.create(tmp_path)


def test_the_status_follows_the_work(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    run.write_config(Config())
    assert run.status == "interrupted"
    holder = f"""
import sys
from sightline.runs.folder import RunFolder
with RunFolder({str(run.path)!r}).hold():
    print("held", flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert run.status == "running"
    with pytest.raises(SightlineError, match="another process"), run.hold():
        pass
    process.kill()
    process.communicate()
    assert run.status == "interrupted", "a lock goes with its process"
    run.write_evaluation(evaluate(pd.DataFrame({"label": ["a"], "predicted": ["a"], "p_a": [1.0]}), ["a"]))
    run.report.write_text("<html>")
    assert run.status == "complete"


@pytest.mark.parametrize(
    ("name", "content"), [("evaluation.json", "{"), ("samples.parquet", "no"), ("metrics.csv", "")]
)
def test_a_damaged_part_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    run = RunFolder(tmp_path)
    with pytest.raises(SightlineError, match=name):
        {"evaluation.json": run.evaluation, "samples.parquet": run.samples, "metrics.csv": run.metrics}[name]()


def test_runs_are_found_in_a_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        RunFolder.create(tmp_path / name).write_config(Config())
    (tmp_path / "other").mkdir()
    assert [run.name for run in RunFolder.all_in(tmp_path)] == ["a", "b"]
    assert [run.name for run in RunFolder.all_in(tmp_path / "a")] == ["a"]
    assert RunFolder.all_in(tmp_path / "absent") == []


def test_default_names_are_tidy() -> None:
    path = default_path("my photos/2024 é", "resnet34", datetime(2026, 11, 21, 14, 30, 5))
    assert path == Path("runs/2026-11-21-143005-my-photos-2024-é-resnet34")


def test_json_is_json(run_path: Path) -> None:
    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    for path in run_path.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=refuse)
