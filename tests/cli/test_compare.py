"""`sightline compare` in a pipe and at 80 columns."""

from __future__ import annotations

import re

import pytest

from sightline.cli import compare
from sightline.judging.comparison import Comparison

FOUND = Comparison.model_validate({
    "n": 600,
    "classes": ("buildings", "a class with a long name [bold]"),
    "test_opened": 7,
    "warning": "the test part was opened 7 times.",
    "runs": tuple(
        {
            "name": f"2026-11-21-10101{i}-intel-scenes-mobilenetv2_100", "accuracy": 0.9312,
            "accuracy_ci95": (0.91, 0.9501), "macro_f1": 0.93, "log_loss": 0.21, "ece": 0.01,
            "parameters": 2_231_590 if i else None, "train_seconds": 668.0, "images_per_second": 1234.5,
        }
        for i in range(3)
    ),
    "differences": (
        {
            "name": "b", "against": "a", "only_first": 3, "only_this": 6, "p": 0.2, "chance": True,
            **{name: {"difference": 0.01, "ci95": (-0.004, 0.021)} for name in ("accuracy", "macro_f1", "log_loss")},
            "verdict": "b against a: +1.0 points (-0.4 to +2.1, p = 0.2). The difference could be chance.",
            "per_class": {
                name: {
                    "n": 100, "gained": 3, "lost": 0, "difference": 0.03, "ci95": (-0.001, 0.07), "p": 0.25,
                    "clear": False,
                }
                for name in ("buildings", "a class with a long name [bold]")
            },
        },
    ),
})  # fmt: skip


def test_each_run_is_one_line_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    compare._show(FOUND)
    text = capsys.readouterr().out.splitlines()
    assert text[0] == "On the same 600 test photos"
    assert text[2].split(maxsplit=1) == [FOUND.runs[0].name, "93.1\u00a0% (91.0–95.0)    93.0\u00a0%     0.210"]
    assert [line.split()[1:] for line in text if line.startswith("2026-11-21-101011")][1] == [
        "2,231,590", "11", "min", "8", "s", "1,234"
    ]  # fmt: skip
    assert any(line.startswith("a class with a long name [bold]  could be chance") for line in text)
    assert text[-1] == "Note: the test part was opened 7 times."


def test_it_is_whole_at_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "80"), ("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    compare._show(FOUND)
    text = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    tables = [line for line in text.splitlines() if not line.startswith(("b against", "Note"))]
    assert max(map(len, tables)) <= 80
    assert "…" not in text
    assert text.count("+3.0 (−0.1 to +7.0)") == 2
