"""What every peer's script owes the stand; asked without the peers' dependencies."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import protocol
import pytest

from stand.lay import lay

SCRIPTS = sorted((Path(protocol.__file__).parent).glob("*_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_header_pins_what_it_needs(script):
    found = protocol._HEADER.search(script.read_text())
    header = tomllib.loads("\n".join(line[2:] for line in found.group("content").splitlines()))
    assert header["requires-python"] == ">=3.11"
    assert all(pin.count("==") == 1 and "*" not in pin for pin in header["dependencies"])
    # What they bring along is held still too.
    assert not header["dependencies"] or header["tool"]["uv"]["exclude-newer"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_describes_itself_without_its_dependencies(script):
    told = subprocess.run(
        [sys.executable, "-S", "-E", script, "--describe"], capture_output=True, text=True, check=True
    ).stdout
    described = json.loads(told)
    assert described["peer"] and described["about"]
    assert described["phases"] and set(described["phases"]) <= set(protocol.PHASES)
    assert {"predict", "one"} <= set(described["phases"])


def run(script, *flags):
    return subprocess.run([sys.executable, script, *map(str, flags)], capture_output=True, text=True, check=False)


def test_one_line_of_json_is_all_that_a_peer_prints(toy, photos, tmp_path):
    lay(photos, tmp_path / "laid", 20)
    done = run(toy, "--phase", "train", "--photos", tmp_path / "laid", "--out", tmp_path / "out", "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert "noise on stdout" in done.stderr
    [line] = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["peer"], told["phase"], told["n"], told["threads"]) == ("Toy", "train", 12, 1)
    assert told["pretrained"] is False  # no weights were given
    assert told["accuracy"] == 0.5 and told["n_test"] == 4  # it always says north
    assert told["cpu_seconds"] > 0 and told["seconds"] > 0 and told["peak_memory_bytes"] > 5e6
    assert told["photos_per_second"] == pytest.approx(told["n"] / told["seconds"])
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    rows = Path(told["predictions_path"]).read_text().splitlines()
    assert rows[0] == "path,label,predicted" and len(rows) == 5
    assert rows[1].startswith("test/north/") and rows[1].endswith(",north,north")


def test_latencies_become_percentiles(toy, photos, tmp_path):
    lay(photos, tmp_path / "laid", 20)
    told = json.loads(run(toy, "--phase", "one", "--photos", tmp_path / "laid", "--out", tmp_path / "out").stdout)
    assert told["p50_ms"] == pytest.approx(2.0) and told["p95_ms"] == pytest.approx(3.0)
    assert told["photos_per_second"] == pytest.approx(500)


def test_a_phase_that_a_peer_does_not_have_is_wrong_usage(toy, tmp_path):
    done = run(toy, "--phase", "head", "--photos", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 2 and "--phase" in done.stderr and not done.stdout
    assert run(toy, "--phase", "train").returncode == 2


def test_files_begin_with_the_test_photos(photos, tmp_path):
    lay(photos, tmp_path / "laid", 20)
    task = protocol.Task("predict", tmp_path / "laid", tmp_path, tmp_path, None, 64, 1, 32, 1, 5)
    assert [path.parent.parent.name for path in task.files] == ["test"] * 4 + ["val"]
    assert task.classes == ["north", "south"]
    assert task.backbone == ("mobilenetv2_100", False)


def test_processes_that_a_peer_starts_are_counted():
    code = "held = bytearray(80_000_000); print(len(held), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        assert {os.getpid(), child.pid} <= set(protocol.family())
        assert protocol._memory(child.pid) > 80_000_000
        with protocol.Usage() as usage:
            pass
        assert usage.cpu_seconds > 0 and usage.seconds > 0
    finally:
        child.communicate(b"\n")
    assert protocol._memory(child.pid) == 0
    assert child.pid not in protocol.family()


def test_what_warms_up_is_not_timed():
    seen = []
    assert len(protocol.timed(seen.append, ["a", "b", "c"], warm=2)) == 3
    assert seen == ["a", "b", "a", "b", "c"]
