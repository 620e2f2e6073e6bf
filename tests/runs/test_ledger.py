"""The ledger counts every opening: of many processes at once, after a kill, and of nothing else."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sightline.errors import SightlineError
from sightline.runs import ledger

DIGESTS = [f"{i:064x}" for i in range(20)]


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "first"
    folder.mkdir(parents=True)
    return folder


def test_each_opening_counts_one_test_set_of_all_runs_beside(run):
    assert ledger.count(run, DIGESTS) == 0
    assert [ledger.opened(run, DIGESTS, "train") for _ in range(3)] == [1, 2, 3]
    assert ledger.opened(run.parent / "second", reversed(DIGESTS), "evaluate") == 4
    assert ledger.opened(run, DIGESTS[:-1], "evaluate") == 1
    assert [(entry.run, entry.command) for entry in ledger.history(run, DIGESTS)] == [
        ("first", "train"), ("first", "train"), ("first", "train"), ("second", "evaluate"),
    ]  # fmt: skip


def test_a_relative_folder_finds_the_same_ledger(run, monkeypatch):
    ledger.opened(run, DIGESTS, "train")
    monkeypatch.chdir(run)
    assert ledger.count(".", DIGESTS) == 1


def test_a_line_cut_short_loses_itself_and_nothing_else(run):
    ledger.opened(run, DIGESTS, "train")
    path = run.parent / ledger.NAME
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole + whole[:length])
        assert ledger.opened(run, DIGESTS, "evaluate") == (3 if length == len(whole) - 1 else 2)
    path.write_bytes(whole + b'\xff\x00[1]\n"text"\n{"test": 3}\n')
    assert ledger.opened(run, DIGESTS, "evaluate") == 2


SCRIPT = """
import sys
from sightline.runs import ledger
for i in range(int(sys.argv[2])):
    ledger.opened(sys.argv[1], ["a", "b"], "x" * 3000)
"""


def test_many_processes_at_once_lose_nothing(run):
    writers = [subprocess.Popen([sys.executable, "-c", SCRIPT, str(run / str(i)), "40"]) for i in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    assert ledger.count(run / "0", ["a", "b"]) == 160
    lines = (run / ledger.NAME).read_text().splitlines()
    assert len(lines) == 160 and all(json.loads(line)["photos"] == 2 for line in lines)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_kill_leaves_a_ledger_that_goes_on(run):
    writer = subprocess.Popen([sys.executable, "-c", SCRIPT, str(run / "0"), "100000"])
    path = run / ledger.NAME
    deadline = time.monotonic() + 30
    while (not path.exists() or path.stat().st_size < 20_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    before = ledger.count(run / "0", ["a", "b"])
    assert before >= 5
    assert ledger.opened(run / "1", ["a", "b"], "evaluate") == before + 1


def test_what_cannot_be_recorded_is_not_opened(tmp_path):
    (tmp_path / ledger.NAME).mkdir()
    with pytest.raises(SightlineError, match="cannot be recorded"):
        ledger.opened(tmp_path / "run", DIGESTS, "train")


def test_the_warning_grows_with_the_count():
    assert ledger.warning(1) == ledger.warning(None) == ""
    assert ledger.warning(2) == "this test set has been opened 2 times."
    assert ledger.warning(14) == "this test set has been opened 14 times: expect its best figure to flatter."


def test_the_ledger_lies_beside_the_runs(run):
    ledger.opened(run, DIGESTS, "train")
    assert [path.name for path in Path(run.parent).iterdir() if path.is_file()] == ["test-ledger.jsonl"]
