"""What other processes use of this machine is what all use less what this one uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.system import load
from sightline.system.load import Neighbours


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Plays two cores over ten seconds; give the seconds that all processes and this one have used."""
    monkeypatch.setattr(load, "_STATUS", tmp_path / "stat")
    monkeypatch.setattr(load, "cores", lambda: 2)
    ticks = load.os.sysconf("SC_CLK_TCK")

    def show(now: float, everybody: float, own: float) -> None:
        (tmp_path / "stat").write_text(f"cpu  {int(everybody * ticks)} 0 0 99999 0 0 0 0 0 0\ncpu0 1 2 3 4\n")
        monkeypatch.setattr(load, "_own", lambda: own)
        monkeypatch.setattr(load.time, "monotonic", lambda: now)

    return show


@pytest.mark.parametrize(("everybody", "own", "share", "busy"), [(120, 20, 0.0, False), (120, 10, 0.5, True)])
def test_the_share_of_the_others(machine, everybody: float, own: float, share: float, busy: bool) -> None:
    machine(0, 100, 0)
    neighbours = Neighbours()
    machine(10, everybody, own)
    assert neighbours.share() == pytest.approx(share)
    assert neighbours.are_busy == busy


def test_where_the_system_does_not_tell_nobody_is_accused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_STATUS", tmp_path / "absent")
    assert Neighbours().share() is None
    assert not Neighbours().are_busy


def test_it_can_be_asked_here() -> None:
    share = Neighbours().share()
    assert share is None or 0 <= share <= 1


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("active", "ACTIVE")])
def test_idle_threads_sleep_unless_somebody_wants_them_awake(given: str | None, expected: str) -> None:
    """OpenMP itself says how it will wait, when torch has loaded it."""
    environment = {**os.environ, "OMP_DISPLAY_ENV": "true"}
    environment.pop("OMP_WAIT_POLICY", None)
    if given:
        environment["OMP_WAIT_POLICY"] = given
    done = subprocess.run(
        [sys.executable, "-c", "import sightline, torch"], capture_output=True, text=True, env=environment, check=True
    )
    shown = [line for line in done.stderr.splitlines() if "OMP_WAIT_POLICY" in line]
    if not shown:
        pytest.skip("this OpenMP does not show its settings")
    assert all(expected in line for line in shown)
