"""A disk that fills up at any moment of a training: it is said, nothing is spoiled, and the advice given is true."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.runs.folder import RunFolder
from sightline.runs.run import Run

PLENTY = "200m"
MOMENTS = (2, 8, 16, 24, 40, 80, 1500, 2500, 3300, 4200, 5000, 6000, 7000, 8000, 9000, 10_000, 12_000)  # kB left
OPTIONS = ("--recipe", "demo-scratch", "--img-size", "32", "--epochs", "2", "--set", "robustness_seconds=0")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, where this user may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={PLENTY}", "tmpfs", str(place)]
    made = subprocess.run(mount, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no disk can be made here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def leave(disk: Path, kilobytes: int) -> None:
    """Fill a disk but for so much."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with open(disk / "filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - kilobytes * 1024)


def command(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "sightline", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def check(disk: Path, scenes: Path, kilobytes: int) -> str:
    """Train on a disk with so much room; where that fails, follow the advice, word by word."""
    run, asked = disk / "run", ("train", str(scenes), *OPTIONS, "--out", str(disk / "run"))
    leave(disk, kilobytes)
    code, said = command(*asked)
    last = said.strip().splitlines()[-1]
    assert "inside Sightline" not in said and "Traceback" not in said, said
    (disk / "filler").unlink()
    if code == 0:
        return "room enough"
    assert code == 1 and "Free some space, then run" in last, said
    assert not [path for path in disk.rglob("*") if ".tmp" in path.name], "half-written files were left"
    advice = re.search(r"then run: sightline (.*)$", last)
    again = shlex.split(advice.group(1)) if advice else asked
    code, said = command(*again)
    assert code == 0, (last, said)
    assert RunFolder(run).status == "complete" and Run(run).evaluation.n == 27
    return "--resume" if advice else "again"


@pytest.mark.timeout(900)
def test_before_and_after_there_is_something_to_go_on_with(disk: Path, scenes: Path) -> None:
    assert check(disk, scenes, 2) == "again"


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kilobytes", MOMENTS)
def test_at_any_moment(disk: Path, scenes: Path, kilobytes: int) -> None:
    print(f"\n{kilobytes} kB left: {check(disk, scenes, kilobytes)}")


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kilobytes", [16, 600, 2000, 4000])
def test_a_limit_on_the_size_of_files(tmp_path: Path, scenes: Path, kilobytes: int) -> None:
    asked = ("train", str(scenes), *OPTIONS, "--out", str(tmp_path / "run"))
    limited = f"ulimit -f {kilobytes}; exec {shlex.join([sys.executable, '-W', 'ignore', '-m', 'sightline', *asked])}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "inside Sightline" not in done.stderr and "Traceback" not in done.stderr, done.stderr
    if done.returncode:
        assert "limit on the size of files" in done.stderr or "no room" in done.stderr, done.stderr
