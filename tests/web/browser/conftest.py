"""A real Chromium against a real `sightline serve`, on a port of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "a-long-and-quiet-word"


def _chromium() -> str | None:
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = _chromium()
    if path is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@contextmanager
def _serving(runs: Path, people: tuple[str, ...] = ()) -> Iterator[str]:
    """`sightline serve runs` on a free port; yields its address. A traceback in its log fails the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SIGHTLINE_R", "SIGHTLINE_STATE", "DJANGO"))
    }
    environment |= {"SIGHTLINE_ADMIN_PASSWORD": PASSWORD, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "sightline", "serve", str(runs), "--port", str(port)]
    for name in people:
        subprocess.run(
            [*command, "--create-admin", name], env=environment, check=True, capture_output=True, timeout=280
        )
    with open(runs / "log.txt", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, runs / "log.txt")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        text = (runs / "log.txt").read_text()
        assert "Traceback" not in text, text


@pytest.fixture(scope="session")
def site(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with one run and one person, ada."""
    runs = tmp_path_factory.mktemp("browser-runs")
    shutil.copytree(run, runs / run.name)
    with _serving(runs, ("ada",)) as address:
        yield address


@pytest.fixture(scope="session")
def new_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site on its first day: no runs, nobody."""
    with _serving(tmp_path_factory.mktemp("new-site")) as address:
        yield address


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/live", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture
def open_page(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """`open_page("/runs/")`: a page of `site` (or of `base_url`) in a fresh browser profile; what it complained of
    fails the test.
    """
    contexts, complaints = [], []
    own = ("http://127.0.0.1:", "blob:", "data:", "about:")

    def note(text: str) -> None:
        # Chromium itself notes every answer of 400 and more; a refusal is an answer, a 500 is caught below.
        if not text.startswith("Failed to load resource"):
            complaints.append(text)

    def get(path: str, **options: Any) -> Any:
        context = browser.new_context(**({"base_url": site} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda said: note(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 500 else None)
        page.on(
            "request", lambda sent: None if sent.url.startswith(own) else complaints.append(f"elsewhere: {sent.url}")
        )
        page.goto(path)
        return page

    yield get
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def signed_in(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """As `open_page`, signed in as ada."""

    def get(path: str, **options: Any) -> Any:
        page = open_page("/sign-in/", **options)
        page.fill("#id_username", "ada")
        page.fill("#id_password", PASSWORD)
        page.press("#id_password", "Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        page.goto(path)
        return page

    return get


@pytest.fixture(scope="session")
def photos(run: Path) -> list[Path]:
    """Some photos of the run's dataset."""
    from sightline.runs.folder import RunFolder

    folder = RunFolder(run)
    return [folder.known_dataset().folder / path for path in folder.samples()["path"].iloc[[2, 50, 100]]]
