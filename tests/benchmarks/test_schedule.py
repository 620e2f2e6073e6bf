"""Who is measured when, and what is kept."""

import json
import time
from types import SimpleNamespace

import pytest

from stand import machine, schedule
from stand.peers import Peer


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(machine, "busy", lambda seconds=0.0: 0.0)


def settings(photos, **changes):
    given = {
        "data": photos, "weights": None, "photos": 20, "predict_photos": 10, "phases": ("train",), "epochs": (1,),
        "repeats": 2, "size": 64, "batch_size": 4, "threads": 1, "here": True,
    }  # fmt: skip
    return schedule.Settings(**given | changes)


def peer(script, *phases):
    return Peer("toy", "Toy", script, phases or ("train", "predict", "one", "step"), ())


def test_peers_take_turns_in_every_round(photos):
    both = [Peer(name, name, photos, ("head", "train"), ()) for name in "AB"] + [Peer("C", "C", photos, ("head",), ())]
    asked = schedule.jobs(both, settings(photos, phases=("head", "train"), epochs=(1, 3)))
    order = [(job.repeat, job.phase, job.epochs, job.peer.short) for job in asked]
    once = [("head", 1, "A"), ("head", 1, "B"), ("head", 1, "C")]
    once += [("train", epochs, name) for epochs in (1, 3) for name in "AB"]
    assert order == [(repeat, *job) for repeat in (0, 1) for job in once]


def test_every_round_is_kept_and_a_failure_is_noted_once(toy, photos, tmp_path):
    said = []
    session = schedule.measure(
        [peer(toy)], settings(photos, phases=("train", "predict", "step")), tmp_path / "work", tmp_path / "raw.json",
        time.monotonic() + 300, said.append,
    )  # fmt: skip
    assert [(line["phase"], line["repeat"]) for line in session["records"]] == [
        (phase, repeat) for repeat in (0, 1) for phase in ("train", "predict")
    ]
    assert session["failures"] == [{"peer": "Toy", "phase": "step", "reason": "no luck today"}]
    assert session["complete"]
    assert all(0 <= line["others"] <= 1 for line in session["records"])
    assert [line["n"] for line in session["records"] if line["phase"] == "predict"] == [10, 10]
    written = (tmp_path / "raw.json").read_text()
    assert json.loads(written) == session
    assert str(tmp_path) not in written  # a raw file tells nothing of the machine's folders
    assert any("no luck today" in line for line in said)


def test_what_was_measured_is_kept_when_the_time_is_up(toy, photos, tmp_path, monkeypatch):
    said = []
    late = lambda: 1e9 if any("round 1" in line for line in said) else 0.0
    monkeypatch.setattr(schedule, "time", SimpleNamespace(monotonic=late, strftime=time.strftime, time_ns=time.time_ns))
    session = schedule.measure(
        [peer(toy)], settings(photos), tmp_path / "work", tmp_path / "raw.json", 1000.0, said.append
    )
    assert not session["complete"]
    assert [record["repeat"] for record in session["records"]] == [0]
    assert json.loads((tmp_path / "raw.json").read_text()) == session


def test_a_peer_that_cannot_be_set_up_leaves_the_others_alone(toy, photos, tmp_path):
    broken = tmp_path / "broken_peer.py"
    broken.write_text(toy.read_text().replace("task.model.mkdir(parents=True)", "raise SystemExit('no wheel')"))
    asked = settings(photos, phases=("predict",), repeats=1)
    bad = Peer("broken", "Broken", broken, ("train", "predict"), ())
    session = schedule.measure(
        [bad, peer(toy)], asked, tmp_path / "work", tmp_path / "raw.json", time.monotonic() + 300, lambda words: None
    )
    assert [line["peer"] for line in session["records"]] == ["Toy"]
    assert session["failures"] == [{"peer": "Broken", "phase": "setup", "reason": "no wheel"}]
    assert not [path for path in (tmp_path / "work/models").iterdir() if "broken" in path.name]
