"""The runs as a table, and their pages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from sightline.web.library import leaderboard


def test_runs_without_the_figure_come_last(shelf_of_three: Path) -> None:
    for back in (False, True):
        names = [row.name for row in leaderboard.rows(sort="accuracy", back=back)]
        assert names[-1] == "broken-off" and set(names) == {"alpha", "beta", "broken-off"}
    assert [row.name for row in leaderboard.rows(sort="name", back=True)] == ["broken-off", "beta", "alpha"]
    assert [row.name for row in leaderboard.rows("ALPH")] == ["alpha"]


def test_comparing_two_runs(shelf_of_three: Path, visitor: Client) -> None:
    page = visitor.get("/runs/compare?run=alpha&run=beta").content.decode()
    assert "could be chance" in page and "Side by side" in page
    refused = visitor.get("/runs/compare?run=alpha&run=broken-off")
    assert refused.status_code == 422 and b"not complete" in refused.content
    assert b"two runs or more" in visitor.get("/runs/compare?run=alpha").content


def test_a_report_is_sandboxed(run: Path, visitor: Client) -> None:
    page = visitor.get(f"/runs/{run.name}/report")
    policy = page["Content-Security-Policy"]
    assert page.status_code == 200 and "sandbox" in policy and "script-src 'none'" in policy
    assert f'<a href="/runs/{run.name}/">← Back to {run.name} on this site</a>' in page.content.decode()


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
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path))
    assert b"no trained model here yet" in visitor.get("/").content
    assert b"sightline train PHOTOS" in visitor.get("/runs/").content
    assert b"sightline train PHOTOS" in visitor.get("/data/").content
    assert visitor.post("/api/v1/predict", {}).status_code in (409, 422)
