"""The findings of a run: its own, or why none are shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.library.findings import findings
from sightline.web.library.shelf import find
from sightline.web.review.models import Item


def _table(paths: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"path": paths, "check": "label", "score": 0.9, "flagged": True, "label": "sea"})


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`sightline serve --findings given`."""
    path = tmp_path / "findings.csv"
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, findings=path))
    return path


def test_findings_of_another_folder_are_refused(run: Path, given: Path, reviewer: Client) -> None:
    _table([f"birds/{n}.jpg" for n in range(30)]).to_csv(given, index=False)
    found = findings(find(run.name))
    assert found.table.empty and "another folder" in found.problem and "birds/0.jpg" in found.problem
    assert b"another folder" in reviewer.get(f"/review/{run.name}/").content
    assert b"another folder" in reviewer.get(f"/data/{run.name}/").content
    assert not Item.objects.exists()
    answer = reviewer.get(f"/api/v1/runs/{run.name}/findings")
    assert answer.status_code == 409 and "another folder" in answer.json()["detail"]


def test_an_audit_of_more_than_the_run_saw_is_taken(run: Path, given: Path) -> None:
    own = list(RunFolder(run).samples()["path"][:20])
    _table(own + [f"left-out/{n}.jpg" for n in range(60)]).to_csv(given, index=False)
    found = findings(find(run.name))
    assert len(found.table) == 80 and not found.problem


def test_new_findings_are_seen(run: Path, given: Path, person: User) -> None:
    own = list(RunFolder(run).samples()["path"])
    _table(own[:3]).to_csv(given, index=False)
    assert len(findings(find(run.name)).table) == 3
    _table(own[:7]).to_csv(given, index=False)
    assert len(findings(find(run.name)).table) == 7
