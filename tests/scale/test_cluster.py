"""Ray as it is found: how many workers it gets, what is said when it cannot be had, and what a killed one leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sightline.errors import UsageError
from sightline.scale import cluster
from sightline.scale.cluster import Shape, shape


def having(**resources: float) -> SimpleNamespace:
    return SimpleNamespace(cluster_resources=lambda: resources)


@pytest.mark.parametrize(
    ("resources", "device", "workers", "expected"),
    [
        ({"CPU": 2.0}, "auto", None, Shape(2, 1, 0)),
        ({"CPU": 2.0}, "auto", 1, Shape(1, 2, 0)),
        ({"CPU": 16.0}, "auto", None, Shape(8, 2, 0)),
        ({"CPU": 16.0}, "cpu", 4, Shape(4, 4, 0)),
        ({"CPU": 16.0, "GPU": 2.0}, "auto", None, Shape(2, 8, 1)),
        ({"CPU": 16.0, "GPU": 2.0}, "cuda", 1, Shape(1, 16, 1)),
        ({"CPU": 16.0, "GPU": 2.0}, "cpu", None, Shape(8, 2, 0)),
    ],
)
def test_one_worker_a_gpu_or_a_group_of_cores(
    resources: dict[str, float], device: str, workers: int | None, expected: Shape
) -> None:
    assert shape(having(**resources), device, workers) == expected


def test_what_is_not_there_cannot_be_had() -> None:
    with pytest.raises(UsageError, match="--device cuda: Ray knows of no GPU"):
        shape(having(CPU=2.0), "cuda", None)
    for workers in (0, 3):
        with pytest.raises(UsageError, match=f"--workers {workers}: there are 2 cores"):
            shape(having(CPU=2.0), "auto", workers)


def test_what_ray_says_is_told_in_one_line() -> None:
    mismatch = RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.1.0\n    Python: 3.9.1")
    said = str(cluster._refused("10.0.0.1:6379", mismatch))
    assert said.startswith("--ray-address 10.0.0.1:6379: the cluster has another Ray or Python than here (Python 3.")
    said = str(cluster._refused("auto", ConnectionError("Could not find any running Ray instance.\nstart one")))
    assert said == "--ray-address auto: no Ray cluster answers there. Is it up, and the address right?"
    assert "\n" not in str(cluster._refused(None, OSError("no room\nfor sockets")))


def test_what_a_killed_job_left_is_removed_by_the_next_one() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, mine = Path(f"/tmp/sightline-ray-{ended.pid}-left"), Path(f"/tmp/sightline-ray-{os.getpid()}-mine")
    for folder in (left, mine):
        folder.mkdir()
    made = Path(cluster._session())
    try:
        assert made.is_dir() and mine.is_dir() and not left.exists()
    finally:
        made.rmdir()
        mine.rmdir()
