"""The Runs pages: comparing two, and a run that is still in training."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def two(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the run and its copy."""
    for name in ("first", "second"):
        shutil.copytree(run, tmp_path / name)
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path))
    return tmp_path


def test_the_choice_begins_with_two_different_runs(two: Path, visitor: Client) -> None:
    page = visitor.get("/runs/compare").content.decode()
    assert sorted(re.findall(r"<option selected>(\w+)<", page)) == ["first", "second"]


def test_two_runs_side_by_side(two: Path, visitor: Client) -> None:
    page = visitor.get("/runs/compare?run=first&run=second")
    assert page.status_code == 200 and b"By class" in page.content
    assert str(two).encode() not in page.content


def test_three_runs_with_their_curves_and_the_photos_on_which_they_disagree(two: Path, visitor: Client) -> None:
    shutil.copytree(two / "first", two / "third")
    path = two / "third" / "predictions.parquet"
    table = pd.read_parquet(path)
    classes = sorted(set(table["label"]))
    of_test = table.index[table["split"] == "test"]
    wrong = of_test[0]
    label = table.loc[wrong, "label"]
    other = next(name for name in classes if name not in (label, table.loc[wrong, "predicted"]))
    said = label if table.loc[wrong, "predicted"] != label else other
    table.loc[wrong, [f"p_{name}" for name in classes]] = [0.96 if name == said else 0.008 for name in classes]
    table.loc[wrong, "predicted"] = said
    table.to_parquet(path)
    page = visitor.get("/runs/compare?run=first&run=second&run=third").content.decode()
    assert page.count('class="mark run3"') >= 3, "the third run has its letter in each table"
    assert page.count("By class") == 2 and "recall, points" in page.lower()
    assert page.count('<path class="line run') >= 3, "a line for each run"
    assert "They disagree on 1 photo<" in page and "p = 1.00" in page
    assert re.search(r'<img src="[^"]+" alt="[^"]+" width="160"', page)


def test_runs_that_cannot_be_compared_are_called_by_their_names(two: Path, visitor: Client) -> None:
    path = two / "second" / "samples.parquet"
    samples = pd.read_parquet(path)
    samples["digest"] = samples["digest"].str[::-1]  # other photos under the same names
    samples.to_parquet(path)
    page = visitor.get("/runs/compare?run=first&run=second")
    assert page.status_code == 422
    assert "first and second were judged on different test photos" in page.content.decode()
    assert str(two).encode() not in page.content


def test_the_page_of_a_run_has_matrix_averages_and_what_may_be_said(two: Path, visitor: Client) -> None:
    page = visitor.get("/runs/first/").content.decode()
    assert '<table class="matrix' in page and "macro average" in page and "weighted average" in page
    assert "Always answering “" in page and "Class by class the lowest is" in page
    assert page.count('class="line one"') >= 2, "its curves"
    (two / "first" / "extras" / "intervals.json").write_text("{")
    assert visitor.get("/runs/first/").status_code == 200, "a damaged extra takes its section with it, not the page"


def test_a_run_in_training_moves(two: Path, visitor: Client) -> None:
    folder = two / "first"
    for name in ("evaluation.json", "report.html"):
        (folder / name).unlink()
    metrics = pd.read_csv(folder / "metrics.csv")
    metrics.iloc[:1].to_csv(folder / "metrics.csv", index=False)
    held = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        page = visitor.get("/runs/first/").content.decode()
        assert "In training" in page and "1 epoch done" in page and 'hx-trigger="every 2s"' in page
        assert 'hx-trigger="every 4s"' in visitor.get("/runs/").content.decode()
        pd.concat([metrics, metrics]).to_csv(folder / "metrics.csv", index=False)
        moved = visitor.get("/runs/first/live").content.decode()
        assert f"{2 * len(metrics)} epochs done" in moved and "Accuracy over" in moved
    finally:
        os.close(held)
    assert "This run was interrupted" in visitor.get("/runs/first/").content.decode()


def test_a_report_may_show_but_not_act(run: Path, visitor: Client) -> None:
    page = visitor.get(f"/runs/{run.name}/report")
    assert page.status_code == 200
    policy = page["Content-Security-Policy"]
    assert "sandbox" in policy and "script-src 'none'" in policy
