"""Progress goes to stderr, in plain lines where it is no terminal, and only where the work takes a while."""

from __future__ import annotations

import pytest

from sightline.system import progress
from sightline.system.progress import note, track


def test_short_work_leaves_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    with track("Reading", 3) as advance:
        for _ in range(3):
            advance()
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_long_work_shows_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 3))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
    with track("Reading", 4, "photos") as advance:
        for _ in range(4):
            advance()
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("Reading: 4 of 4 photos")
    assert len(lines) < 4, "not a line for each photo"


def test_a_note_is_taken_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    note("[bold]sea/[1].jpg[/]")
    assert capsys.readouterr().err == "[bold]sea/[1].jpg[/]\n"
