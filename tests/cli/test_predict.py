"""`sightline predict`: a short table for a person, CSV for a pipe."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from sightline.cli import main, predict
from sightline.system.words import NO_BREAK


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "80"), ("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_each_photo_is_a_row_that_fits(
    run_path: Path, scenes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"")
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(run_path), str(scenes / "sea" / "0001.jpg"), str(broken)])
    assert ended.value.code == 0
    out, err = capfd.readouterr()
    out = re.sub(r"\x1b\[[\d;]*m", "", out)
    text = "".join(line.strip() for line in out.splitlines())
    assert out.split()[:4] == ["photo", "answer", "decision", "sure"]
    assert "0001.jpg" in text and "empty" in text and f"{NO_BREAK}%" in text and "p_sea" not in text
    assert "--out FILE.csv" in err


@pytest.mark.usefixtures("terminal")
def test_what_else_it_may_be_is_said_where_it_is_unsure(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"path": "a.jpg", "predicted": "sea", "confidence": 0.61, "set": "sea|glacier", "decision": "unsure"},
        {"path": "b.jpg", "predicted": "sea", "confidence": 0.97, "set": "sea", "decision": "answer"},
        {"path": "c.jpg", "predicted": "sea", "confidence": 0.4, "set": None, "decision": "unfamiliar"},
    ]
    predict._show(pd.DataFrame(rows).assign(error=""))
    said = [line.split("  ") for line in capsys.readouterr().out.splitlines()[1:]]
    assert [[cell.strip() for cell in line if cell.strip()] for line in said] == [
        ["a.jpg", "sea, or glacier", "unsure", f"61.0{NO_BREAK}%"],
        ["b.jpg", "sea", "answer", f"97.0{NO_BREAK}%"],
        ["c.jpg", "sea", "unfamiliar", f"40.0{NO_BREAK}%"],
    ]
