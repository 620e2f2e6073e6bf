"""What is refused before it is read."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from sightline.web.answering.service import desks


def _with(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, **changes))  # type: ignore[arg-type]


def test_too_many_bytes_in_one_photo(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, upload_megabytes=0.1)
    answer = visitor.post("/api/v1/predict", {"file": SimpleUploadedFile("a.jpg", bytes(100_001))})
    assert answer.status_code == 413 and "0.1 MB" in answer.json()["detail"]
    page = visitor.post(
        "/classify/one", {"photos": SimpleUploadedFile("a.jpg", bytes(100_001))}, headers={"X-Fragment": "1"}
    )
    assert page.status_code == 413 and b"<html" not in page.content


def test_too_many_photos_at_once(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, upload_files=3)
    files = [SimpleUploadedFile(f"{i}.jpg", b"x") for i in range(4)]
    answer = visitor.post("/api/v1/predict/many", {"files": files})
    assert answer.status_code == 413 and "3 photos" in answer.json()["detail"]


def test_a_request_that_says_it_is_huge_is_not_read(visitor: Client) -> None:
    answer = visitor.post(
        "/api/v1/predict", b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="9999999999"
    )
    assert answer.status_code == 413 and answer["Connection"] == "close"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
        ("multipart/form-data; boundary=x", b"\x00\xff" * 500),
        ("multipart/form-data; boundary=\xff", b"--x--"),
    ],
)
def test_a_damaged_form_is_no_fault_of_ours(visitor: Client, content_type: str, body: bytes) -> None:
    for path in ("/api/v1/predict", "/classify/one"):
        assert 400 <= visitor.post(path, body, content_type=content_type).status_code < 500


@pytest.mark.parametrize("address", ["/api/v1/predict", "/classify/one", "/sign-in/"])
def test_a_request_of_unknown_length_is_told_so(visitor: Client, address: str) -> None:
    answer = visitor.generic(
        "POST", address, b"", "multipart/form-data; boundary=x", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="Chunked"
    )
    assert answer.status_code == 411 and b"Content-Length" in answer.content and answer["Connection"] == "close"


def test_a_full_disk_under_the_upload_itself(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo of more than 4 MB waits in a temporary file."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", full)
    answer = visitor.post("/api/v1/predict", {"file": SimpleUploadedFile("a.jpg", bytes(5_000_000))})
    assert answer.status_code == 507 and "/" not in answer.json()["detail"]


def test_a_full_house_is_known_before_the_form_is_read(run: Path, visitor: Client) -> None:
    batcher = desks().get(run.name).batcher
    with batcher.admit(settings.SIGHTLINE.queue):
        for address, headers, shown in (
            ("/api/v1/predict", {}, b'"detail": "The site is busy'),
            ("/classify/one", {"X-Fragment": "1"}, b'role="alert"'),
            ("/classify/", {}, b"<h1>Busy just now</h1>"),
        ):
            # Not even the form is looked at: this one is damaged.
            answer = visitor.post(address, b"x", content_type="multipart/form-data; boundary=y", headers=headers)
            assert answer.status_code == 503 and shown in answer.content, address
            assert int(answer["Retry-After"]) >= 1
        assert visitor.get("/").status_code == 200
    assert visitor.post("/api/v1/predict", {}).status_code == 422
