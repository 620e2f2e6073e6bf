"""Loading models: one loader for each run, and a run that never loads keeps nobody else waiting."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sightline.errors import SightlineError
from sightline.predictor import Predictor
from sightline.runs.folder import RunFolder
from sightline.web.answering import loading
from sightline.web.answering.loading import Loaders
from sightline.web.answering.service import desks
from sightline.web.library import shelf
from sightline.web.replies import Refused


def _soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


def _refused(loaders: Loaders[str], key: str, load: Callable[[], str], until: float) -> Refused:
    with pytest.raises(Refused) as refused:
        loaders.get(key, key, load, until)
    return refused.value


def test_all_who_want_a_run_wait_for_one_loader() -> None:
    loaders: Loaders[str] = Loaders()
    gate, calls = threading.Event(), []

    def load() -> str:
        calls.append(1)
        assert gate.wait(60)
        return "model"

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(loaders.get, "a", "a", load, _soon()) for _ in range(20)]
        while not calls:
            time.sleep(0.001)
        gate.set()
        assert {future.result() for future in asked} == {"model"}
    assert len(calls) == 1


def test_one_that_never_ends_keeps_nobody_else_waiting() -> None:
    loaders: Loaders[str] = Loaders()
    forever = threading.Event()
    late = _refused(loaders, "evil", lambda: str(forever.wait()), _soon(0.05))
    assert late.status == 503 and late.retry_after
    assert loaders.get("good", "good", lambda: "model", _soon()) == "model"
    forever.set()


def test_no_more_than_a_few_are_loaded_at_once_and_lost_ones_count_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    loaders: Loaders[str] = Loaders()
    forever = threading.Event()
    for key in ("evil", "worse"):
        _refused(loaders, key, lambda: str(forever.wait()), _soon(0.05))
    assert _refused(loaders, "good", lambda: "model", _soon()).status == 503
    monkeypatch.setattr(loading, "_PATIENCE", 0.0)
    assert loaders.get("good", "good", lambda: "model", _soon()) == "model"
    forever.set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SightlineError("model.safetensors: is damaged. Copy it again."), "Copy it again"),
        (PermissionError(13, "Permission denied", "/srv/runs/a/model/model.safetensors"), "its files are damaged"),
        (MemoryError(), "its files are damaged"),
        (RecursionError("maximum recursion depth exceeded"), "its files are damaged"),
    ],
)
def test_what_cannot_be_loaded_says_so_and_is_not_tried_again_at_once(error: BaseException, said: str) -> None:
    loaders: Loaders[str] = Loaders()
    calls = []

    def load() -> str:
        calls.append(1)
        raise error

    for _ in range(3):
        refused = _refused(loaders, "a", load, _soon())
        assert refused.status == 409 and said in refused.reason and "/srv" not in refused.reason
    assert len(calls) == 1


@pytest.fixture
def two_runs(run: Path, tmp_path: Path, other_models: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`good`, and `evil`, whose model never loads."""
    for name in ("good", "evil"):
        shutil.copytree(run, tmp_path / name)
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path, deadline=20.0))
    shelf._seen.clear()
    return tmp_path


def test_a_run_that_never_loads_leaves_the_site_to_the_others(
    two_runs: Path, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, real = threading.Event(), Predictor.load

    def load(folder: Any, device: str = "auto", **options: Any) -> Predictor:
        if Path(folder).name == "evil":
            assert stuck.wait(120)
        return real(folder, device, **options)

    monkeypatch.setattr(Predictor, "load", load)
    folder = RunFolder(two_runs / "good")
    photo = (folder.known_dataset().folder / folder.samples()["path"].iloc[0]).read_bytes()

    def ask(name: str) -> Any:
        return Client().post(f"/api/v1/predict?run={name}", {"file": SimpleUploadedFile("a.jpg", photo)})

    with ThreadPoolExecutor(4) as pool:
        monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, deadline=1.0))
        waiting = [pool.submit(ask, "evil") for _ in range(3)]
        assert [future.result().status_code for future in waiting] == [503] * 3
        monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, deadline=60.0))
        assert ask("good").status_code == 200
        assert visitor.get("/ready").status_code == 200 and visitor.get("/").status_code == 200
    stuck.set()
    desks().get("evil", _soon())
