"""What the tests of the measuring stand share: its modules on the path, and a toy peer without dependencies."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "peers")]

TOY = '''"""A peer that guesses."""

# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///

import sys

sys.path.insert(0, {peers!r})
from protocol import Outcome, main, timed


def train(task):
    print("noise on stdout")
    task.model.mkdir(parents=True)
    return Outcome(len(task.rows("train")), [task.classes[0]] * len(task.rows("test")))


def predict(task):
    assert task.model.is_dir()
    return Outcome(len(task.files), rate=50.0)


def one(task):
    return Outcome(3, latencies=[0.003, 0.001, 0.002])


def step(task):
    raise SystemExit("no luck today")


if __name__ == "__main__":
    main("Toy", {{"train": train, "predict": predict, "one": one, "step": step}})
'''


@pytest.fixture
def toy(tmp_path):
    """The script of a toy peer."""
    path = tmp_path / "toy_peer.py"
    path.write_text(TOY.format(peers=str(BENCHMARKS / "peers")))
    return path


@pytest.fixture
def photos(tmp_path):
    """Two classes of ten files; nothing reads their pixels."""
    for name in ("north", "south"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(10):
            (tmp_path / "photos" / name / f"{name}{i}.jpg").write_bytes(bytes([i]))
    return tmp_path / "photos"


@pytest.fixture
def session():
    """Three rounds of two peers in two phases, as a raw file holds them."""

    def record(short, peer, phase, repeat, seconds, **more):
        return {
            "peer": peer, "short": short, "phase": phase, "repeat": repeat, "n": 70, "size": 64, "epochs": 3,
            "batch_size": 32, "threads": 2, "pretrained": True, "seconds": seconds, "cpu_seconds": 2 * seconds,
            "peak_memory_bytes": 10**9, "photos_per_second": 70 / seconds, "accuracy": None, "predictions_path": None,
            "others": 0.0, "versions": {"python": "3.11.7", "torch": "2.15.0"}, **more,
        }  # fmt: skip

    records = []
    for repeat, (ours, theirs) in enumerate([(10.0, 40.0), (11.0, 33.0), (12.0, 60.0)]):
        records.append(record("sightline", "Sightline", "train", repeat, ours, accuracy=0.9, n_test=100))
        records.append(record("fastai", "fastai", "train", repeat, theirs, accuracy=0.8, n_test=100))
        records.append(record("sightline", "Sightline", "one", repeat, ours, p50_ms=5.0 + repeat, p95_ms=9.0))
        records.append(record("fastai", "fastai", "one", repeat, theirs, p50_ms=20.0, p95_ms=30.0))
    settings = {
        "photos": 100,
        "data": "scenes",
        "size": 64,
        "batch_size": 32,
        "threads": 2,
        "weights": "net",
        "repeats": 3,
    }
    machine = {"processor": "Abacus", "cores": 2, "memory_gb": 8, "system": "Linux 6"}
    return {
        "machine": machine, "settings": settings, "records": records, "failures": [],
        "peers": {"fastai": "As its quick start has it."}, "started": "2026-01-01 00:00",
        "busy_before": 0.01, "complete": True,
    }  # fmt: skip
