"""The command, and the peers whose libraries are at hand really run on a few drawn photos."""

import json
import shutil
from importlib.metadata import PackageNotFoundError, version

import pytest

import run
from stand import machine
from stand.peers import Unusable, known
from stand.peers import run as run_peer

PEERS = known()
# The least that each can do from random values; a fitted head needs a pretrained network.
LEAST = {"sklearn": "head", "onnxruntime": "predict"}


def lacking(pins):
    """The first library of these pins that is not installed here, in whatever version."""
    for pin in pins:
        try:
            version(pin.partition("==")[0])
        except PackageNotFoundError:
            return pin.partition("==")[0]
    return None


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(machine, "busy", lambda seconds=0.0: 0.0)


@pytest.mark.prove
@pytest.mark.parametrize("short", PEERS)
def test_every_peer_runs(short, scenes, tmp_path):
    import sys

    from stand.lay import lay

    peer = PEERS[short]
    if missing := lacking(peer.pins):
        pytest.skip(f"{missing} is not installed here; `uv run` brings it")
    lay(scenes, tmp_path / "laid", 60)
    phase = LEAST.get(short, "train")
    flags = {"phase": phase, "photos": tmp_path / "laid", "out": tmp_path / "out", "size": 32, "epochs": 1}
    line = run_peer(peer, sys.executable, flags | {"threads": 1, "n": 12, "batch-size": 8}, tmp_path / "log", 280)
    assert line["peer"] == peer.name and line["seconds"] > 0 and line["peak_memory_bytes"] > 1e7
    assert line["n"] == (12 if phase == "predict" else 36)
    if phase != "predict":
        assert 0 <= line["accuracy"] <= 1 and line["n_test"] == 12


def test_the_whole_stand_with_timm(scenes, tmp_path, quiet):
    asked = ["--peers", "timm", "--phases", "predict,step", "--photos", "60", "--predict-photos", "18", "--size", "32"]
    asked += ["--repeats", "1", "--threads", "1", "--here", "--work", str(tmp_path / "work"), "--name", "smoke"]
    assert run.main([str(scenes), *asked, "--batch-size", "8", "--out", str(tmp_path / "out")]) == 0
    session = json.loads((tmp_path / "out/raw/smoke.json").read_text())
    assert [record["phase"] for record in session["records"]] == ["predict", "step"] and session["complete"]
    assert "## Answers for JPEG files" in (tmp_path / "out/RESULTS.md").read_text()
    page = (tmp_path / "out/RESULTS.md").read_text()
    shutil.rmtree(tmp_path / "work")
    assert run.main(["--report", str(tmp_path / "out/raw/smoke.json"), "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again/RESULTS.md").read_text() == page


def test_a_busy_machine_is_refused(scenes, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(machine, "busy", lambda seconds=0.0: 0.5)
    assert run.main([str(scenes), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]) == 2
    assert "others use 50%" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--peers", "nobody"], "no peer 'nobody'"),
        (["--phases", "sleep"], "no phase 'sleep'"),
        (["--weights", "/nowhere"], "is no folder"),
    ],
)
def test_wrong_usage_is_said_before_anything_begins(scenes, flags, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        run.main([str(scenes), *flags])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_a_peer_that_takes_too_long_is_stopped(toy, tmp_path):
    import sys

    from stand.peers import Peer

    toy.write_text(toy.read_text().replace('print("noise on stdout")', "import time; time.sleep(600)"))
    (tmp_path / "laid").mkdir()
    flags = {"phase": "train", "photos": tmp_path / "laid", "out": tmp_path / "out"}
    with pytest.raises(Unusable, match="stopped after"):
        run_peer(Peer("toy", "Toy", toy, ("train",), ()), sys.executable, flags, tmp_path / "log", 0.5)
