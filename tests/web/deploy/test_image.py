"""The site as its container starts it: its user, its read-only root, its folders; without Docker, under `unshare`."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.runs.folder import RunFolder

ROOT = Path(__file__).parents[3]
HEADERS = {"Host": "photos.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


def _impossible() -> str:
    """Why it cannot be tried here; "" if it can."""
    if sys.platform != "linux" or os.getuid() != 0:
        return "only root on Linux can give a process a root of its own"
    missing = [name for name in ("unshare", "setpriv", "chroot", "mount") if shutil.which(name) is None]
    if missing:
        return f"{missing[0]} is not installed"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this system lets nobody have mounts of their own"


def _environment() -> dict[str, str]:
    """What the Dockerfile sets, and the settings of compose.yaml that are no secrets."""
    docker = (ROOT / "deploy" / "Dockerfile").read_text()
    block = re.search(r"^ENV (.*?[^\\])$", docker, re.M | re.S)
    assert block is not None
    made = dict(pair.split("=", 1) for pair in block.group(1).replace("\\\n", " ").split())
    assert {"SIGHTLINE_RUNS", "SIGHTLINE_STATE", "DJANGO_SETTINGS_MODULE", "HOME"} <= made.keys()
    return made


class Site:
    """A running one."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port, self.process, self.log = port, process, log

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, HEADERS | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def send(self, path: str, field: str, photo: bytes, **headers: str) -> tuple[int, bytes]:
        head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="a.jpg"\r\n\r\n'.encode()
        return self.ask(
            "POST",
            path,
            head + photo + b"\r\n--x--\r\n",
            **{"Content-Type": "multipart/form-data; boundary=x"},
            **headers,
        )


@pytest.fixture(scope="module")
def site(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if reason := _impossible():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("image")
    runs, root = folder / "runs", folder / "root"
    root.mkdir()
    shutil.copytree(run, runs / run.name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    venv, source = Path(sys.prefix).resolve(), ROOT / "src"
    inside = _environment()
    inside |= {
        "PATH": inside["PATH"].replace("/venv/bin", f"{venv}/bin").replace("$PATH", "/usr/bin:/bin"),
        "SECRET_KEY": secrets.token_urlsafe(60), "ALLOWED_HOSTS": HEADERS["Host"], "SIGHTLINE_PROXIES": "1",
        "OMP_NUM_THREADS": "1", "PORT": str(port), "PYTHONPATH": str(source), "HF_HUB_OFFLINE": "1",
    }  # fmt: skip
    script = Path(__file__).with_name("in_image.sh")
    places = [root, ROOT / "deploy", runs, "64", Path(sys.base_prefix).resolve(), venv, source]
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", script, *places]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [*map(str, command), "/usr/bin/env", "-i", *(f"{name}={value}" for name, value in inside.items()),
             "sh", "/app/start.sh"], stdout=log, stderr=log,
        )  # fmt: skip
    made = Site(port, process, folder / "log")
    try:
        for _ in range(1200):
            assert process.poll() is None, made.log.read_text()
            if made.ask("GET", "/ready")[0] == 200:
                break
            time.sleep(0.2)
        yield made
    finally:
        process.kill()
        process.wait()


def test_it_answers_and_writes_nowhere_but_in_its_state(site: Site, run: Path) -> None:
    described = json.loads((run / "dataset.json").read_text())
    photo = (Path(described["root"]) / RunFolder(run).samples()["path"].iloc[0]).read_bytes()
    status, body = site.send("/api/v1/predict", "file", photo)
    assert status == 200, (body, site.log.read_text())
    assert json.loads(body)["run"] == run.name
    status, page = site.ask("GET", "/")
    assert status == 200 and b"site/site" in page
    static = re.search(rb'href="(/static/site/site\.[^"]+css)"', page)
    assert static is not None and site.ask("GET", static.group(1).decode())[0] == 200
    assert site.ask("GET", "/runs/")[0] == 302  # for those who signed in
    assert "Traceback" not in site.log.read_text()


def test_it_is_nobody_in_particular_and_its_root_is_read_only(site: Site) -> None:
    workers = [pid for pid in _descendants(site.process.pid) if "gunicorn" in _said(pid, "cmdline")]
    assert workers
    for pid in workers:
        status = dict(line.split(":\t", 1) for line in _said(pid, "status").splitlines() if ":\t" in line)
        assert set(status["Uid"].split()) == {"10001"} and int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"
        mounts = {line.split()[4]: line.split()[5].split(",")[0] for line in _said(pid, "mountinfo").splitlines()}
        assert mounts["/"] == mounts["/app"] == mounts["/runs"] == "ro" and mounts["/state"] == "rw"


def test_a_full_state_folder_is_507(site: Site, run: Path) -> None:
    described = json.loads((run / "dataset.json").read_text())
    photo = (Path(described["root"]) / RunFolder(run).samples()["path"].iloc[0]).read_bytes()
    pid = next(pid for pid in _descendants(site.process.pid) if "gunicorn" in _said(pid, "cmdline"))
    filler = Path("/proc", str(pid), "root", "state", "filler")
    with open(filler, "wb") as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(1 << 20))
            file.flush()
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)
    connection.request("GET", "/", headers=HEADERS)
    answer = connection.getresponse()
    page = answer.read().decode()
    cookie = (answer.headers["Set-Cookie"] or "").split(";")[0]
    connection.close()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    headers = {"Cookie": cookie, "X-CSRFToken": token.group(1), "Referer": "https://photos.example.org/"}
    status, body = site.send("/classify/one", "photos", photo, **headers)
    assert status == 507, site.log.read_text()
    assert b"/state" not in body
    assert "cannot write" in site.log.read_text()
    filler.unlink()
    assert site.send("/classify/one", "photos", photo, **headers)[0] == 200


def test_it_ends_in_peace(site: Site) -> None:
    for pid in _descendants(site.process.pid):
        if "gunicorn" in _said(pid, "cmdline"):
            os.kill(pid, signal.SIGTERM)
            break
    assert site.process.wait(60) == 0


def _descendants(pid: int) -> list[int]:
    children = [int(text) for text in _said(pid, f"task/{pid}/children").split()]
    return [child for each in children for child in (each, *_descendants(each))]


def _said(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
