"""Who is measured when: A B A B, so that whatever drifts drifts for all; what was measured is kept at once."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stand import machine
from stand.lay import lay
from stand.peers import Peer, Unusable, python, run

FOR_MODELS = 300
"""Photos from which the models of predict and one are made, where only speed counts."""
FOR_STEPS = 400
"""Photos of which the train part is one epoch of step."""
ONES = 100
"""Photos answered one by one."""
LONGEST = 3600.0
"""Seconds that a single measurement may take."""


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    data: Path
    weights: Path | None
    photos: int
    predict_photos: int
    phases: tuple[str, ...]
    epochs: tuple[int, ...]
    repeats: int
    size: int
    batch_size: int
    threads: int
    here: bool
    """Every peer in this Python instead of its own environment: for tests."""


@dataclass(frozen=True)
class Job:
    """One measurement to come."""

    repeat: int
    phase: str
    epochs: int
    peer: Peer


def jobs(peers: Sequence[Peer], settings: Settings) -> Iterator[Job]:
    """Round after round; within one, each phase with all its peers in turn."""
    for repeat in range(settings.repeats):
        for phase in settings.phases:
            for epochs in settings.epochs if phase == "train" else settings.epochs[:1]:
                yield from (Job(repeat, phase, epochs, peer) for peer in peers if phase in peer.phases)


def measure(
    peers: Sequence[Peer], settings: Settings, work: Path, raw: Path, deadline: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Run all jobs that the time allows, writing `raw` after each; -> its content.

    Args:
        peers: whom, in this order in every round.
        settings: what.
        work: a folder for photos, models and logs, kept between calls.
        raw: the JSON file.
        deadline: on time.monotonic; after it nothing begins and nothing goes on.
        say: takes a line for the person who waits.
    """
    listed = asdict(settings) | {
        "data": settings.data.name,
        "weights": settings.weights.name if settings.weights else None,
    }
    listed |= {"phases": list(settings.phases), "epochs": list(settings.epochs)}
    session: dict[str, Any] = {"machine": machine.facts(), "settings": listed, "records": [], "failures": []}
    session |= {"started": time.strftime("%Y-%m-%d %H:%M"), "busy_before": round(machine.busy(), 3), "complete": False}
    session["peers"] = {peer.name: peer.about for peer in peers}
    stand = _Stand(settings, work, deadline, session, say)
    usable = [peer for peer in peers if stand.prepare(peer)]
    for job in jobs(usable, settings):
        if time.monotonic() >= deadline:
            say("The time is up: what was measured so far is kept.")
            break
        stand.do(job)
        _write(raw, session)
    else:
        session["complete"] = True
    _write(raw, session)
    return session


class _Stand:
    """The laid photos, the peers' Pythons and models, and what was measured so far."""

    def __init__(
        self, settings: Settings, work: Path, deadline: float, session: dict[str, Any], say: Callable[[str], None]
    ) -> None:
        self.settings, self.work, self.deadline, self.session, self.say = settings, work, deadline, session, say
        self.pythons: dict[str, str] = {}
        self.failed: set[tuple[str, str]] = set()

    def prepare(self, peer: Peer) -> bool:
        """Its environment, and a model where one is needed for predicting; False if it cannot be had."""
        self.say(f"{peer.name}: making its environment ready")
        try:
            self.pythons[peer.short] = python(peer) if not self.settings.here else python(_here(peer))
            model = self._model(peer)
            if not model.exists() and {"predict", "one"} & {*self.settings.phases} & {*peer.phases}:
                way = next((phase for phase in ("head", "train") if phase in peer.phases), None)
                if way:
                    self.say(f"{peer.name}: a model to predict with")
                    begun = model.with_suffix(".part")  # so that one that was interrupted is not taken for whole
                    shutil.rmtree(begun, ignore_errors=True)
                    self._run(Job(0, way, 1, peer), self._laid(FOR_MODELS), {"model": begun})
                    begun.rename(model)
        except Unusable as reason:
            self._fail(peer, "setup", str(reason))
            return False
        return True

    def do(self, job: Job) -> None:
        """One measurement, kept or its failure noted; what failed once is not tried again."""
        settings, peer = self.settings, job.peer
        if (peer.short, job.phase) in self.failed:
            return
        photos = {"step": min(FOR_STEPS, settings.photos), "predict": settings.predict_photos}
        more: dict[str, Any] = {"n": settings.predict_photos}
        if job.phase in ("predict", "one"):
            more = {"n": ONES if job.phase == "one" else settings.predict_photos, "model": self._model(peer)}
        try:
            line = self._run(job, self._laid(photos.get(job.phase, settings.photos)), more)
        except Unusable as reason:
            self._fail(peer, job.phase, str(reason))
            return
        line |= {"short": peer.short, "repeat": job.repeat}
        line["predictions_path"] = None  # in the work folder, beside the log
        self.session["records"].append(line)
        disturbed = f", beside others who used {line['others']:.0%}" if line["others"] > machine.UNDISTURBED else ""
        self.say(f"  {peer.name} {job.phase}, round {job.repeat + 1}: {line['seconds']:.1f} s{disturbed}")

    def _run(self, job: Job, photos: Path, more: dict[str, Any]) -> dict[str, Any]:
        settings = self.settings
        out = self.work / "out" / f"{job.peer.short}-{job.phase}-{job.epochs}-{time.time_ns()}"
        flags: dict[str, Any] = {"phase": job.phase, "photos": photos, "out": out, "size": settings.size}
        flags |= {"epochs": job.epochs, "batch-size": settings.batch_size, "threads": settings.threads, **more}
        if settings.weights:
            flags["weights"] = settings.weights
        limit = min(LONGEST, self.deadline - time.monotonic())
        if limit <= 0:
            raise Unusable("the time was up")
        return run(job.peer, self.pythons[job.peer.short], flags, out.with_suffix(".log"), limit)

    def _laid(self, photos: int) -> Path:
        folder = self.work / f"{self.settings.data.name}-{photos}"
        lay(self.settings.data, folder, photos)
        return folder

    def _model(self, peer: Peer) -> Path:
        kind = self.settings.weights.name if self.settings.weights else "random"
        return self.work / "models" / f"{peer.short}-{kind}-{self.settings.data.name}-{self.settings.size}"

    def _fail(self, peer: Peer, phase: str, reason: str) -> None:
        self.say(f"  {peer.name} {phase}: {reason}")
        self.failed.add((peer.short, phase))
        self.session["failures"].append({"peer": peer.name, "phase": phase, "reason": reason})


def _here(peer: Peer) -> Peer:
    return Peer(peer.short, peer.name, peer.script, peer.phases, ())


def _write(path: Path, session: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(session, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
