"""The runs as a table, and their pages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.library import leaderboard, shelf


@pytest.fixture
def shelf_of_three(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visitor: Client) -> Path:
    """Three runs: two complete ones, and one that was interrupted after an epoch."""
    from dataclasses import replace

    for name in ("alpha", "beta", "broken-off"):
        shutil.copytree(run, tmp_path / name)
    (tmp_path / "broken-off" / "evaluation.json").unlink()
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path))
    return tmp_path


def test_a_row_says_what_the_run_folder_says(run: Path) -> None:
    row = leaderboard.row(shelf.Shelved(run.name, RunFolder(run)))
    found = RunFolder(run).known_evaluation()
    assert (row.accuracy, (row.low, row.high), row.ece) == (found.accuracy, found.accuracy_ci95, found.ece)
    assert row.parameters and row.speed and row.status == "complete"


def test_runs_without_the_figure_come_last(shelf_of_three: Path) -> None:
    for back in (False, True):
        names = [row.name for row in leaderboard.rows(sort="accuracy", back=back)]
        assert names[-1] == "broken-off" and set(names) == {"alpha", "beta", "broken-off"}
    assert [row.name for row in leaderboard.rows(sort="name", back=True)] == ["broken-off", "beta", "alpha"]
    assert [row.name for row in leaderboard.rows("ALPH")] == ["alpha"]


def test_a_damaged_run_does_not_take_the_others_with_it(shelf_of_three: Path, visitor: Client) -> None:
    (shelf_of_three / "beta" / "config.yaml").write_text("{nonsense: [")
    (shelf_of_three / "alpha" / "evaluation.json").write_text("{")
    page = visitor.get("/runs/")
    assert page.status_code == 200 and page.content.count(b"damaged") == 2
    assert visitor.get("/runs/beta/").status_code == 200


def test_comparing_two_runs(shelf_of_three: Path, visitor: Client) -> None:
    page = visitor.get("/runs/compare?run=alpha&run=beta").content.decode()
    assert "could be chance" in page and "Side by side" in page
    refused = visitor.get("/runs/compare?run=alpha&run=broken-off")
    assert refused.status_code == 422 and b"not complete" in refused.content
    assert b"exactly two" in visitor.get("/runs/compare?run=alpha").content


def test_a_report_is_sandboxed(run: Path, visitor: Client) -> None:
    page = visitor.get(f"/runs/{run.name}/report")
    policy = page["Content-Security-Policy"]
    assert page.status_code == 200 and "sandbox" in policy and "script-src 'none'" in policy


def test_every_other_page_allows_nothing_inline(run: Path, visitor: Client) -> None:
    for path in ("/", "/runs/", f"/runs/{run.name}/", f"/data/{run.name}/", "/sign-in/", "/nowhere", "/api/v1/docs"):
        page = visitor.get(path, follow=True)
        policy = page["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "style-src 'self'" in policy and "unsafe" not in policy
        text = re.sub(r'<script type="application/json".*?</script>', "", page.content.decode(), flags=re.S)
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son[a-z]+=", text), path
        assert page["X-Content-Type-Options"] == "nosniff" and page["Referrer-Policy"] == "same-origin"


def test_names_that_are_not_there(visitor: Client) -> None:
    for path in ("/runs/x/", "/data/x/", "/data/x/1/", "/runs/x/report", "/runs/..%2f..%2fetc/"):
        assert visitor.get(path).status_code == 404


def test_an_empty_folder_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visitor: Client) -> None:
    from dataclasses import replace

    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path))
    assert b"no trained model here yet" in visitor.get("/").content
    assert b"sightline train PHOTOS" in visitor.get("/runs/").content
    assert b"sightline train PHOTOS" in visitor.get("/data/").content
    assert visitor.post("/api/v1/predict", {}).status_code in (409, 422)
