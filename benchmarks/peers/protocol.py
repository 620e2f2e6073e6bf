"""What a peer and the stand agree on: photos and flags in, one line of JSON out. Standard library only; Linux only.

    python PEER.py --describe                      # which phases it has; needs none of its dependencies
    uv run PEER.py --phase train --photos LAID --out NEW [--weights FOLDER] [--size 224] [--epochs 3] …

A peer's script holds one function for each phase that it offers; each takes a `Task` and returns an `Outcome`:

    train    photos -> a tuned network, saved in `task.model`, and its answers on the test photos
    head     photos -> a head on frozen features, saved and tested likewise
    predict  JPEG files -> answers, in a process that starts with nothing but the saved model
    one      one file after the other, warm
    step     photos a second while the whole network is tuned, after an epoch to warm up

LAID is a folder with `split.csv` (path,label,split) and the photos as train|val|test/CLASS/NAME, as benchmarks/run.py
lays it; every peer takes the form that it likes better.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import resource
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PHASES = ("train", "head", "predict", "one", "step")
_PROJECTS = ("sightline", "torch", "timm", "onnxruntime")
"""Whose versions are told of a peer that pins nothing, because it runs in the project's own environment."""
_HEADER = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True)
class Task:
    """What is asked of a peer."""

    phase: str
    photos: Path
    out: Path
    model: Path
    """The folder of the saved model: written by train and head, read by predict and one."""
    weights: Path | None
    """A timm local folder; None: the same network from random values."""
    size: int
    epochs: int
    batch_size: int
    threads: int
    n: int
    """How many files predict and one answer."""

    def rows(self, *splits: str) -> list[tuple[Path, str, str]]:
        """(file, label, split) of the photos in these splits; of all without."""
        with open(self.photos / "split.csv", newline="", encoding="utf-8") as file:
            rows = [(self.photos / row["path"], row["label"], row["split"]) for row in csv.DictReader(file)]
        return [row for row in rows if not splits or row[2] in splits]

    @property
    def files(self) -> list[Path]:
        """The files to answer, test photos first."""
        order = ("test", "val", "train")
        return [path for path, _, _ in sorted(self.rows(), key=lambda row: order.index(row[2]))][: self.n]

    @property
    def classes(self) -> list[str]:
        """The class names, in alphabetical order."""
        return sorted({label for _, label, _ in self.rows()})

    @property
    def backbone(self) -> tuple[str, bool]:
        """What timm.create_model takes: (name, pretrained)."""
        return (f"local-dir:{self.weights}", True) if self.weights else ("mobilenetv2_100", False)


@dataclass(frozen=True)
class Outcome:
    """What a phase did."""

    n: int
    """Photos that were learned from or answered."""
    predicted: list[str] | None = None
    """The labels given to `task.rows("test")`, in that order."""
    rate: float | None = None
    """Photos a second without the start of the process: of predict and step."""
    latencies: list[float] | None = None
    """Seconds for each photo: of one."""
    pretrained: bool = True
    """False: from random values, since the peer cannot load the weights; then only its speed counts."""


def main(peer: str, phases: dict[str, Callable[[Task], Outcome]]) -> None:
    """Run one phase, as the command line asks, and print its line of JSON."""
    given = _arguments(phases)
    script = Path(sys.modules["__main__"].__file__ or "")
    if given.describe:
        about = " ".join((sys.modules["__main__"].__doc__ or "").split())
        told = {"peer": peer, "about": about, "phases": list(phases), "dependencies": dependencies(script)}
        print(json.dumps(told))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    task = Task(
        given.phase, given.photos.resolve(), given.out.resolve(), (given.model or given.out / "model").resolve(),
        given.weights and given.weights.resolve(), given.size, given.epochs, given.batch_size, given.threads, given.n,
    )  # fmt: skip
    stdout = _quiet(given.threads)
    with Usage() as usage:
        outcome = phases[task.phase](task)
    line: dict[str, Any] = {"peer": peer, "versions": versions(script), "phase": task.phase, "n": outcome.n}
    line |= {name: getattr(task, name) for name in ("size", "epochs", "batch_size", "threads")}
    line |= {"pretrained": outcome.pretrained and task.weights is not None}
    line |= {"seconds": usage.seconds, "cpu_seconds": usage.cpu_seconds, "peak_memory_bytes": usage.peak_memory_bytes}
    line |= {"photos_per_second": outcome.rate or outcome.n / usage.seconds} | _judged(task, outcome)
    if outcome.latencies:
        ordered = sorted(outcome.latencies)
        line |= {f"p{at}_ms": 1000 * ordered[int(at / 100 * (len(ordered) - 1) + 0.5)] for at in (50, 95)}
        line["photos_per_second"] = 1000 / line["p50_ms"]
    os.write(stdout, (json.dumps(line) + "\n").encode())


def timed(answer: Callable[[Path], object], files: Iterable[Path], warm: int = 5) -> list[float]:
    """The seconds that each file took, after `warm` that are not counted."""
    listed = list(files)
    seconds = []
    for path in [*listed[:warm], *listed]:
        started = time.perf_counter()
        answer(path)
        seconds.append(time.perf_counter() - started)
    return seconds[min(warm, len(listed)) :]


def dependencies(script: Path) -> list[str]:
    """What a script's header (PEP 723) pins; nothing where it runs in the project's own environment."""
    found = _HEADER.search(script.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{script}: has no header `# /// script`")
    lines = found.group("content").splitlines()
    return list(tomllib.loads("\n".join(line[2:] for line in lines))["dependencies"])


def versions(script: Path) -> dict[str, str]:
    """Python and the libraries that matter, as installed here."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in [pin.partition("==")[0] for pin in dependencies(script)] or _PROJECTS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


class Usage:
    """Seconds since this process began, processor seconds and peak memory of it and all that it started."""

    def __enter__(self) -> Usage:
        self.peak_memory_bytes = 0
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()
        tick = os.sysconf("SC_CLK_TCK")
        started = int(_stat(os.getpid())[19]) / tick
        self.seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - started
        self.cpu_seconds = sum(sum(map(int, _stat(pid)[11:15])) for pid in family()) / tick
        self.peak_memory_bytes = max(self.peak_memory_bytes, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    def _watch(self) -> None:
        while not self._done.wait(1.0):
            self.peak_memory_bytes = max(self.peak_memory_bytes, sum(_memory(pid) for pid in family()))


def family() -> list[int]:
    """This process and the living ones that it or they started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything; none if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _memory(pid: int) -> int:
    """Bytes in memory, shared pages counted in equal parts by those who share them."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+)", rollup, re.MULTILINE)
    return 1024 * int(found.group(1)) if found else 0


def _judged(task: Task, outcome: Outcome) -> dict[str, Any]:
    """The accuracy on test, and the table that it was counted from."""
    if outcome.predicted is None:
        return {"accuracy": None, "predictions_path": None}
    rows = task.rows("test")
    right = sum(label == predicted for (_, label, _), predicted in zip(rows, outcome.predicted, strict=True))
    path = task.out / "predictions.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("path", "label", "predicted"))
        for (photo, label, _), predicted in zip(rows, outcome.predicted, strict=True):
            table.writerow((photo.relative_to(task.photos), label, predicted))
    return {"accuracy": right / len(rows), "n_test": len(rows), "predictions_path": str(path)}


def _quiet(threads: int) -> int:
    """Pin threads and processors, forbid downloads, and send what a peer prints to stderr; -> the true stdout."""
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    stdout = os.dup(1)
    os.dup2(2, 1)
    return stdout


def _arguments(phases: Iterable[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--describe", action="store_true", help="print the phases and the pins, and do nothing")
    parser.add_argument("--phase", choices=tuple(phases))
    parser.add_argument("--photos", type=Path, help="the laid folder, with split.csv")
    parser.add_argument("--out", type=Path, help="where to leave predictions and the model")
    parser.add_argument("--model", type=Path, help="the folder of the saved model (default: OUT/model)")
    parser.add_argument("--weights", type=Path, help="a timm local folder (default: random values)")
    parser.add_argument("--size", type=int, default=224, help="pixels on a side")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--n", type=int, default=3000, help="files that predict and one answer")
    given = parser.parse_args()
    if not given.describe and None in (given.phase, given.photos, given.out):
        parser.error("--phase, --photos and --out are needed")
    return given
