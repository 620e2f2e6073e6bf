"""What every command prints: whole at 80 columns, whole in a pipe, and in an encoding that lacks the letters."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

from sightline.cli import printing

COLUMNS = ["run", "accuracy", "photos"]
LONG = "2026-11-21-101010-intel-scenes-[mobilenetv2_100]"
ROWS = [[LONG * 2, "93.1 % (92.1–94.0)", "3,000"], ["b", "9.1 % (2.1–14.0)", "3"]]


def test_in_a_pipe_a_row_is_one_line_without_trailing_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    printing.table(COLUMNS, ROWS, title="Runs")
    title, head, first, second = capsys.readouterr().out.splitlines()
    assert title == "Runs"
    assert head.split() == COLUMNS
    assert first == f"{LONG * 2}  93.1 % (92.1–94.0)   3,000"
    assert second.split() == ["b", "9.1", "%", "(2.1–14.0)", "3"]


def test_on_a_terminal_of_80_columns_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    printing.table(COLUMNS, ROWS)
    text = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    names = "".join(line.split("  ")[0].strip() for line in text.splitlines()[1:-1])
    assert LONG * 2 in names
    assert all(figure in text for row in ROWS for figure in row[1:])


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_json_in_any_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"path": "Zürich/滝.jpg", "odd": "a\udc80b"}
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    printing.print_json(value)
    stream.seek(0)
    assert json.loads(stream.read()) == value


def test_what_is_no_number_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        printing.print_json({"accuracy": float("nan")})
