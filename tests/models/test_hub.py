"""The hub's own client against a small server on this machine, its cache, and no server at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import timm
from safetensors.torch import load_file, save_file

REPOSITORY = timm.models.get_pretrained_cfg("resnet18").hf_hub_id

# In a process of its own: the client reads its settings once, when it is imported.
SCRIPT = """
import sys
from sightline.errors import SightlineError
from sightline.models import hub
try:
    print(*hub.weights_of(sys.argv[1]), sep="\\n")
except SightlineError as error:
    sys.exit(f"told: {error}")
"""


def ask(name: str, endpoint: str, home: Path, offline: bool = False) -> subprocess.CompletedProcess[str]:
    settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": str(int(offline)), "NO_PROXY": "*"}
    environment = {**os.environ, **settings, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-c", SCRIPT, name]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(timm.create_model("resnet18").state_dict(), path)
    return path


@pytest.fixture
def server(weights: Path) -> Iterator[str]:
    content = weights.read_bytes()

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            found = self.path.split("?")[0] == f"/{REPOSITORY}/resolve/main/model.safetensors"
            self.send_response(200 if found else 404)
            if found:
                self.send_header("Content-Length", str(len(content)))
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", "a" * 40)
            else:
                self.send_header("Content-Length", "0")
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if body and found:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_weights_come_from_the_hub_and_then_from_its_cache(server: str, weights: Path, tmp_path: Path) -> None:
    first = ask("resnet18", server, tmp_path)
    assert first.returncode == 0, first.stderr
    path, repository = first.stdout.splitlines()
    assert repository == REPOSITORY
    assert load_file(path)["conv1.weight"].equal(load_file(weights)["conv1.weight"])
    again = ask("resnet18", "http://127.0.0.1:9", tmp_path, offline=True)
    assert again.stdout == first.stdout, again.stderr


def test_what_the_hub_has_not_got_is_said(server: str, tmp_path: Path) -> None:
    done = ask("resnet34", server, tmp_path)
    assert "told: --model resnet34" in done.stderr
    assert "--scratch" in done.stderr


@pytest.mark.parametrize("offline", [False, True])
def test_without_a_hub_the_ways_out_are_named(offline: bool, tmp_path: Path) -> None:
    done = ask("resnet18", "http://127.0.0.1:9", tmp_path, offline)
    assert ("switched off" if offline else "cannot be reached") in done.stderr
    assert "--weights" in done.stderr


def test_a_network_without_published_weights_is_said(tmp_path: Path) -> None:
    assert "no pretrained weights are published" in ask("resnet9_lean", "http://127.0.0.1:9", tmp_path).stderr
