"""The review pages: which run, what fills the queue, what is said where there is nothing."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.library import shelf


@pytest.fixture
def without_findings(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_models: None) -> Path:
    """Two runs, of which one was never audited."""
    for name in ("audited", "fresh"):
        shutil.copytree(run, tmp_path / name)
    (tmp_path / "fresh" / "findings.csv").unlink()
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path))
    shelf._seen.clear()
    return tmp_path / "fresh"


def test_an_empty_queue_gives_the_command_that_fills_it(without_findings: Path, reviewer: Client) -> None:
    page = reviewer.get("/review/fresh/").content.decode()
    command = re.search(r"<pre>(.*?)</pre>", page)
    assert command is not None
    root = RunFolder(without_findings).known_dataset().folder
    assert shlex.split(command.group(1)) == [
        *("sightline", "audit", str(root), "--run", str(without_findings)),
        *("--out", str(without_findings / "audit")),
    ]


def test_in_public_it_names_no_folder_of_the_server(
    without_findings: Path, reviewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, open_pages=False))
    page = reviewer.get("/review/fresh/").content.decode()
    assert "sightline audit" in page and str(without_findings.parent) not in page
    assert str(RunFolder(without_findings).known_dataset().folder) not in page


@pytest.mark.parametrize("section", ["review", "data"])
def test_one_may_switch_between_runs(section: str, without_findings: Path, reviewer: Client) -> None:
    page = reviewer.get(f"/{section}/audited/").content.decode()
    switch = page[page.index('class="switch"') :]
    switch = switch[: switch.index("</form>")]
    assert "<option selected>audited</option>" in switch and "<option>fresh</option>" in switch
    assert reviewer.get(f"/{section}/", {"run": "fresh"}).url == f"/{section}/fresh/"
    assert reviewer.get(f"/{section}/", {"run": "gone"}).status_code == 404
