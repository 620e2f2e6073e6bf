"""The pages for what went wrong, and the states in which there is nothing to show."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from sightline.web.library import views


def _serve(monkeypatch: pytest.MonkeyPatch, runs: Path) -> None:
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=runs))


def test_an_unknown_address_says_so(visitor: Client) -> None:
    page = visitor.get("/nowhere")
    assert page.status_code == 404 and b"<h1>Not here</h1>" in page.content


@pytest.mark.parametrize("path", ["/sign-out/", "/classify/results.csv"])
def test_a_wrong_method_is_told_in_a_page(path: str, visitor: Client) -> None:
    page = visitor.get(path)
    assert page.status_code == 405 and b"<h1>Not a page</h1>" in page.content and "POST" in page["Allow"]


def test_a_wrong_method_is_told_to_a_script(visitor: Client) -> None:
    answer = visitor.delete("/api/v1/predict")
    assert answer.status_code == 405 and answer.json()["detail"].endswith(".")


def test_a_fault_of_ours_gets_a_page_and_no_traceback(
    visitor: Client, run: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(views, "curves", broken)
    visitor.raise_request_exception = False
    page = visitor.get(f"/runs/{run.name}/")
    assert page.status_code == 500 and b"<h1>Something broke</h1>" in page.content
    assert b"secret detail" not in page.content
    assert "ZeroDivisionError" in caplog.text


def test_a_refusal_is_not_logged_as_a_fault() -> None:
    import logging

    faults = settings.LOGGING["filters"]["faults"]["callback"]
    record = logging.makeLogRecord({"status_code": 503})
    assert not faults(record)
    assert faults(logging.makeLogRecord({"status_code": 500})) and faults(logging.makeLogRecord({}))


def test_a_site_without_runs(reviewer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(monkeypatch, tmp_path)
    for path, said in (
        ("/", "There is no trained model here yet"),
        ("/runs/", "No runs yet"),
        ("/data/", "No photos yet"),
        ("/review/", "There is nothing to review yet"),
    ):
        page = reviewer.get(path)
        assert page.status_code == 200 and said in page.content.decode(), path


def test_a_damaged_run_breaks_no_page(
    run: Path, reviewer: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run, tmp_path / "bent")
    for name in ("evaluation.json", "dataset.json", "config.yaml"):
        (tmp_path / "bent" / name).write_text("{")
    _serve(monkeypatch, tmp_path)
    board = reviewer.get("/runs/")
    assert board.status_code == 200 and b"damaged" in board.content
    for path in (
        *("/", "/runs/bent/", "/runs/bent/live", "/runs/bent/report", "/runs/compare?run=bent&run=bent", "/data/"),
        *("/data/bent/", "/data/bent/0/", "/review/", "/review/bent/", "/review/bent/history", "/api/v1/runs/bent"),
    ):
        assert reviewer.get(path).status_code < 500, path
