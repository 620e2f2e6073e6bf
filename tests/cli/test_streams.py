"""Output that cannot be written: it is said, or the work goes on unheard; never a fault of ours."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.system import progress

PROGRAM = [sys.executable, "-W", "ignore", "-m", "sightline"]


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`line` in a shell, with $S for the program."""
    known = {**os.environ, "S": " ".join(PROGRAM), **environment}
    return subprocess.run(["bash", "-c", line], env=known, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_the_output_is_said() -> None:
    done = shell("$S recipes > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "sightline: The output could not be written: the disk is full.\n"


@pytest.mark.parametrize(
    ("line", "code"), [("$S recipes >&-", 0), ("$S recipes --json >&-", 0), ("$S recipes x 2>&-", 2)]
)
def test_a_stream_that_is_closed(line: str, code: int) -> None:
    done = shell(line)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_reader_who_had_enough() -> None:
    done = shell("$S models | head -c 10 > /dev/null; echo ${PIPESTATUS[0]}")
    assert done.stdout == "0\n" and done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_does_not_know_a_letter(encoding: str, tmp_path: Path) -> None:
    name = tmp_path / "写真é\udce9"
    ended = subprocess.run(
        [*PROGRAM, "predict", str(name), "x"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"inside Sightline" not in ended.stderr and b"Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO])
def test_progress_that_nobody_hears_costs_no_work(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(progress, "console", progress._Console(file=Closed(), soft_wrap=True))
    for _ in range(2):
        progress.note("a line")
    assert progress.console.quiet
