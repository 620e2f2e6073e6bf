"""The faults once found in how folders and tables are read, where their reproductions are at hand."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sightline.data.reading import sources
from sightline.errors import SightlineError
from sightline.runs.folder import RunFolder

CASES = Path(__file__).parents[3] / "shared" / "cases"


def case(name: str) -> Path:
    if not (CASES / name).is_dir():
        pytest.skip(f"the reproduction {name} is not on this machine")
    return CASES / name


def run_old(script: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a script that was written when `sources` lay elsewhere."""
    old = ModuleType("sightline.data.sources")
    old.open_dataset = sources.open_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sightline.data.sources", old)
    monkeypatch.setattr(sys, "argv", [str(script), str(folder)])
    runpy.run_path(str(script), run_name="__main__")
    return capsys.readouterr().out


def test_split_folders_under_other_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SightlineError, match="'train' holds folders named as those beside it"):  # the last of them
        run_old(case("split-names-become-classes") / "make.py", tmp_path, monkeypatch, capsys)
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["udemy", "eval", "holdout", "data", "spaces", "coco", "folds"]
    assert all("['cats', 'dogs']" in line for line in said)


def test_tables_beside_a_heap_of_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run_old(case("unusable-table-is-not-mentioned") / "repro.py", tmp_path, monkeypatch, capsys)
    lines = {tuple(line.split()[:2]): line.split(" -> ")[1] for line in said.splitlines()}
    for name in ("sep", "comment", "onehot"):
        assert lines[name, name] == lines[name, "labels.csv"] == "['cat', 'dog'] 0 problems"
    for name in ("nohead", "latin1"):
        assert lines[name, name] == "['im'] 1 problems"
        assert "labels.csv" in lines[name, "labels.csv"]
    assert "not valid CSV" in lines["quote", "quote"] and "not valid CSV" in lines["quote", "labels.csv"]


@pytest.mark.prove
def test_a_run_inside_the_data(tmp_path: Path) -> None:
    script = case("own-runs-become-a-class") / "repro.sh"
    programs = tmp_path / "bin"
    programs.mkdir()
    source = Path(sources.__file__).parents[3]
    for name, module in (("python", ""), ("sightline", "-m sightline")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        (programs / name).chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    shell = shutil.which("bash")
    assert shell
    command = [shell, str(script), str(tmp_path / "photos")]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=280)
    assert RunFolder(tmp_path / "photos" / "runs" / "two").known_dataset().classes == ("a", "b", "c")
