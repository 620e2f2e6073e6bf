"""A scoring job that is killed, as a whole and without warning, and started again by the same command."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from sightline.predictor import Predictor
from sightline.scale import job as jobs

from .conftest import descendants


@pytest.mark.prove
def test_a_killed_job_goes_on_and_its_rows_are_those_of_one_process(
    run_path: Path, scenes: Path, tmp_path: Path, own_cache: Path
) -> None:
    pytest.importorskip("ray")
    files = sorted(scenes.rglob("*.jpg"))
    (tmp_path / "many").mkdir()
    for number in range(6000):
        (tmp_path / "many" / f"{number:05d}.jpg").hardlink_to(files[number % len(files)])
    out = tmp_path / "out"
    command = [sys.executable, "-m", "sightline", "predict", str(run_path), str(tmp_path / "many")]
    command += ["--on", "ray", "--out", str(out), "--json"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not list((out / "parts").glob("part-*")) and first.poll() is None:
        time.sleep(0.05)
    assert first.poll() is None, first.stderr.read() if first.stderr else ""
    started = descendants(first.pid)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert first.stderr is not None
    first.stderr.close()
    assert not (out / "parts.json").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "parts").glob("part-*")}
    for _ in range(600):  # whatever Ray had started ends with it
        if not any(
            Path(f"/proc/{pid}").exists() and "ray" in line and "Agent" not in line for pid, line in started.items()
        ):
            break
        time.sleep(0.1)
    left = {
        pid: line
        for pid, line in started.items()
        if Path(f"/proc/{pid}").exists() and "ray" in line and "Agent" not in line
    }
    assert not left
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} of 6 parts are done" in done.stderr
    assert "ray" not in done.stdout.lower() and "Traceback" not in done.stderr
    parts = jobs.Parts.read(out / "parts.json")
    assert parts == jobs.Parts.parse(done.stdout.encode(), "stdout")
    assert {name: (out / "parts" / name).stat().st_mtime_ns for name in kept} == kept
    found = pd.concat([pd.read_parquet(out / "parts" / part.name) for part in parts.parts], ignore_index=True)
    assert list(found["path"]) == [str(tmp_path / "many" / f"{number:05d}.jpg") for number in range(6000)]
    alone = Predictor.load(run_path).predict(files)
    assert list(found["predicted"]) == [alone["predicted"][number % len(files)] for number in range(6000)]
    assert not list(Path("/tmp").glob(f"sightline-ray-{first.pid}-*"))
