"""The site as a process: it answers probes while the house is full, and SIGTERM finishes what is in flight."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.errors import SightlineError, UsageError
from sightline.web.serve import require_port

HEAD = (
    b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b"Content-Length: 1000\r\n\r\n--x"
)
"""A request that goes on for ever."""
PAGE = b"GET /runs/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW = """
import sys, time
from pathlib import Path
import sightline.predictor as p
real = p.Predictor.outputs
def slow(self, pixels):
    time.sleep(1.5)
    return real(self, pixels)
p.Predictor.outputs = slow
from sightline.web import worker
worker.ARRIVES_WITHIN = float(sys.argv[3])
from sightline.web.serve import serve
serve(Path(sys.argv[1]), port=int(sys.argv[2]))
"""


@pytest.fixture
def slow_site(
    run: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A site with a network that takes its time, and room for three photos; the parameter: how long it hears to one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "SIGHTLINE_STATE": str(tmp_path / "state"), "SIGHTLINE_QUEUE": "3", "SIGHTLINE_BATCH": "1",
        "SIGHTLINE_DEADLINE": "30", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", SLOW, str(run), str(port), str(getattr(request, "param", 600))]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log, stdout=log)
    address = f"http://127.0.0.1:{port}"
    try:
        while _status(f"{address}/ready") != 200:
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.2)
        yield address, process
    finally:
        process.kill()
        process.wait()


def _status(url: str, photo: bytes | None = None) -> int:
    try:
        if photo is None:
            request = urllib.request.Request(url)
        else:
            head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            request = urllib.request.Request(url, head + photo + b"\r\n--x--\r\n", headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            if photo is not None:
                assert json.loads(answer.read())["prediction"]["predicted"]
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            assert error.code != 503 or "/ready" in url or int(error.headers["Retry-After"]) >= 1
            return error.code
    except OSError:
        return 0


def test_full_house_then_sigterm(slow_site: tuple[str, subprocess.Popen[bytes]], run: Path) -> None:
    from sightline.runs.folder import RunFolder

    address, process = slow_site
    folder = RunFolder(run)
    photo = (folder.known_dataset().folder / folder.samples()["path"].iloc[0]).read_bytes()
    assert _status(f"{address}/api/v1/predict", photo) == 200  # the model is loaded

    statuses: list[int] = []
    asking = [
        threading.Thread(target=lambda: statuses.append(_status(f"{address}/api/v1/predict", photo))) for _ in range(8)
    ]
    for thread in asking:
        thread.start()
    while statuses.count(503) < 5:  # three are inside, five were told at once
        assert _status(f"{address}/live") == 200 and _status(f"{address}/ready") == 200
        time.sleep(0.05)
    assert statuses == [503] * 5
    process.send_signal(signal.SIGTERM)
    for thread in asking:
        thread.join(120)
    assert sorted(statuses) == [200] * 3 + [503] * 5  # those inside were answered
    assert process.wait(60) == 0


def test_probes_are_heard_while_every_thread_waits_for_a_slow_upload(
    slow_site: tuple[str, subprocess.Popen[bytes]],
) -> None:
    address, process = slow_site
    port = int(address.rsplit(":", 1)[1])
    own = [f"127.0.0.{number % 4 + 2}" for number in range(60)]  # four clients, more than there are threads
    slow = [socket.create_connection(("127.0.0.1", port), source_address=(client, 0)) for client in own]
    try:
        for connection in slow:
            connection.sendall(HEAD)
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]  # and some that say nothing
        slow += silent
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            visitor.sendall(PAGE)
            for _ in range(5):
                assert _status(f"{address}/live") == 200 and _status(f"{address}/ready") == 200
            visitor.settimeout(0.2)
            with pytest.raises(TimeoutError):  # every other thread is taken indeed
                visitor.recv(1)
            for connection in slow:
                connection.close()
            visitor.settimeout(120)
            assert visitor.recv(12) == b"HTTP/1.1 200"  # and free again
    finally:
        for connection in slow:
            connection.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_one_client_who_sends_a_letter_now_and_then_keeps_nobody_else_waiting(
    slow_site: tuple[str, subprocess.Popen[bytes]],
) -> None:
    address, _ = slow_site
    port = int(address.rsplit(":", 1)[1])
    over = threading.Event()

    def trickle(own: list[socket.socket]) -> None:
        while not over.wait(0.5):
            for connection in own:
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    for begun in (
        HEAD,
        HEAD[:40],
        b"P",
        b"GET /live HTTP/1.1\r\nX: ",
        b"GET /runs/ HTTP/1.0\r\nHost: localhost\r\n\r\n",
    ):
        slow = [socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) for _ in range(60)]
        sender = threading.Thread(target=trickle, args=[slow])
        try:
            for connection in slow:
                connection.sendall(begun)
            sender.start()
            with socket.create_connection(("127.0.0.1", port)) as visitor:
                visitor.settimeout(60)
                visitor.sendall(PAGE)
                assert visitor.recv(12) == b"HTTP/1.1 200", begun
            assert _status(f"{address}/live") == 200
            if not begun.endswith(b"\r\n\r\n"):
                slow[-1].settimeout(60)
                assert slow[-1].recv(12) == b"HTTP/1.1 503", begun  # and is told so
        finally:
            over.set()
            sender.join()
            over.clear()
            for connection in slow:
                connection.close()


def test_one_client_does_not_hold_every_connection(slow_site: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, _ = slow_site
    port = int(address.rsplit(":", 1)[1])
    silent: list[socket.socket] = []
    try:
        for _ in range(500):  # more than there may be
            silent.append(socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)))
        assert _status(f"{address}/runs/") == 200
        silent[-1].settimeout(60)
        assert silent[-1].recv(12) == b"HTTP/1.1 503"
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("slow_site", [1.0], indirect=True)
def test_a_request_that_does_not_come_to_its_end_is_given_up(slow_site: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, _ = slow_site
    for begun in (HEAD, HEAD[:40]):
        with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1]))) as connection:
            connection.settimeout(60)
            connection.sendall(begun)
            answer = connection.recv(12)  # before anything else is sent
            assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert _status(f"{address}/runs/") == 200


def test_an_empty_folder_of_runs_is_served_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sightline.web import serve

    runs = tmp_path / "my runs"
    runs.mkdir()
    monkeypatch.setenv("SIGHTLINE_RUNS", str(runs))
    serve.gunicorn_settings("127.0.0.1", 8000)["when_ready"](None)
    said = capsys.readouterr().err
    assert "serves 0 runs" in said and "Open http://127.0.0.1:8000" in said
    assert f"sightline demo --out '{runs}/demo'" in said and f"sightline train PHOTOS --out '{runs}/first'" in said


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    from hostile_run import sightline

    found = sightline("serve", tmp_path / "absent")
    assert found.code == 2
    assert found.err == f"sightline: {tmp_path / 'absent'}: there is no such folder. Give a run, or a folder of runs.\n"


def test_a_port_that_cannot_be_had_is_named_before_anything_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SightlineError, match=rf"^--port {port}: another program listens there"):
            require_port("127.0.0.1", port)
        require_port("127.0.0.1", 0)
    require_port("localhost", port)
    with pytest.raises(SightlineError, match=r"^--host 203\.0\.113\.7: is no address of this machine"):
        require_port("203.0.113.7", 0)
    with pytest.raises(UsageError, match=r"^--port 70000: give a number from 0 to 65535"):
        require_port("127.0.0.1", 70000)
