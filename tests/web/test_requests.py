"""Requests that no browser sends: each is answered plainly, with nothing of the server's own in the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

ADDRESSES = (
    "/", "/runs/", "/data/", "/review/", "/sign-in/", "/classify/one", "/api/v1/predict", "/api/v1/predict/many",
    "/api/v1/models", "/api/v1/docs", "/live", "/ready", "/metrics",
)  # fmt: skip
TRAVERSAL = (
    "/static/../../../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/runs/..%2f..%2fetc%2fpasswd/",
    "/runs/%2e%2e/", "/data/..%2f..%2f..%2fetc/passwd", "/runs/%00/", "/runs/" + "a" * 5000 + "/", "/%c0%ae%c0%ae/",
    "/runs/\u202e/", "/runs/%ff%fe/", "/classify/photo/..%2f..%2fdb.sqlite3",
)  # fmt: skip
HEADERS: list[dict[str, str]] = [
    {"HTTP_RANGE": "bytes=0-"},
    {"HTTP_RANGE": "bytes=" + ",".join(f"{n}-{n}" for n in range(5000))},
    {"HTTP_RANGE": "bytes=99999999999999999999-"},
    {"HTTP_RANGE": "bytes=-1--9"},
    {"HTTP_X_FORWARDED_FOR": "9" * 4000},
    {"HTTP_X_FORWARDED_FOR": ",".join(["::1"] * 900)},
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "testserver:99999"},
    {"HTTP_ACCEPT": ",".join(["text/html;q=0.1"] * 900)},
    {"HTTP_ACCEPT_LANGUAGE": "x" * 4000},
    {"HTTP_COOKIE": "sessionid=" + "x" * 4000},
    {"HTTP_COOKIE": "; ".join(f"c{n}=1" for n in range(500))},
    {"HTTP_IF_MODIFIED_SINCE": "yesterday"},
    {"HTTP_IF_NONE_MATCH": '"' + "x" * 4000},
    {"HTTP_AUTHORIZATION": "Bearer " + "\u00ff" * 400},
    {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "javascript:alert(1)"},
    {"QUERY_STRING": "page=" + "9" * 4000},
    {"QUERY_STRING": "page=-1&class=%00&sort=%ff"},
    {"QUERY_STRING": "&".join(f"a{n}=1" for n in range(5000))},
]


@pytest.fixture
def plain(visitor: Client, run: Path) -> Callable[[HttpResponse], None]:
    """What holds for every answer."""
    visitor.raise_request_exception = False

    def check(answer: HttpResponse) -> None:
        assert answer.status_code < 500 or answer.status_code in (503, 504, 507), answer.status_code
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        for own in (str(run), str(run.parent), "Traceback", "root:x:0"):
            assert own.encode() not in content

    return check


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)) + str(len(str(headers))))
def test_headers_that_no_browser_sends(
    visitor: Client, plain: Callable[[HttpResponse], None], headers: dict[str, str]
) -> None:
    for address in ADDRESSES:
        plain(visitor.get(address, **headers))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", TRAVERSAL)
def test_addresses_that_lead_out(visitor: Client, plain: Callable[[HttpResponse], None], address: str) -> None:
    answer = visitor.get(address)
    plain(answer)
    assert answer.status_code in (301, 302, 400, 403, 404)
    assert not str(answer.headers.get("Location", "/")).startswith(("//", "http"))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X"])
def test_methods_that_are_not_meant(visitor: Client, plain: Callable[[HttpResponse], None], method: str) -> None:
    for address in ADDRESSES:
        plain(visitor.generic(method, address, b"x", "text/plain"))


@pytest.mark.parametrize("fields", [1500, 10_000])
def test_forms_of_too_many_fields(visitor: Client, plain: Callable[[HttpResponse], None], fields: int) -> None:
    for address in ("/classify/one", "/api/v1/predict", "/sign-in/"):
        answer = visitor.post(address, {f"f{n}": "x" for n in range(fields)})
        plain(answer)
        assert answer.status_code in (400, 413)
        body = "&".join(f"f{n}=x" for n in range(fields))
        plain(visitor.post(address, body, content_type="application/x-www-form-urlencoded"))


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "a\x00.jpg", "/etc/passwd", "a" * 3000 + ".jpg", "\u202egpj.exe", "..", "", "a\r\nb"],
)
def test_names_of_uploads(visitor: Client, plain: Callable[[HttpResponse], None], name: str, scenes: Path) -> None:
    photo = next((scenes / "sea").iterdir()).read_bytes()
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    for address in ("/api/v1/predict", "/classify/one"):
        body = head.replace(b'"file"', b'"photos"') if "classify" in address else head
        plain(visitor.post(address, body + photo + b"\r\n--x--\r\n", content_type="multipart/form-data; boundary=x"))


@pytest.mark.parametrize(
    "body",
    [b"", b"[" * 100_000, b"{" * 100_000, b"null", b'{"a":1e999}', b"\xff\xfe", b'{"a":' + b"9" * 100_000 + b"}"],
)
def test_bodies_that_are_no_photo(visitor: Client, plain: Callable[[HttpResponse], None], body: bytes) -> None:
    for address in ("/api/v1/predict", "/api/v1/predict/many", "/classify/one", "/sign-in/"):
        for kind in ("application/json", "image/jpeg", "text/plain; charset=nosuch", "multipart/mixed; boundary=x"):
            plain(visitor.generic("POST", address, body, kind))


@pytest.mark.parametrize("length", ["-1", "0x10", "1e3", "9" * 5000, " 5", "5, 5", "٥"])
def test_lengths_that_are_lies(visitor: Client, plain: Callable[[HttpResponse], None], length: str) -> None:
    for address in ("/classify/one", "/api/v1/predict"):
        plain(visitor.generic("POST", address, b"x" * 50, "multipart/form-data; boundary=x", CONTENT_LENGTH=length))


def test_a_photo_among_many_parts(visitor: Client, plain: Callable[[HttpResponse], None]) -> None:
    """One file under 900 names of fields, and parts in parts."""
    many = {f"f{n}": SimpleUploadedFile("a.jpg", b"x") for n in range(900)}
    answer = visitor.post("/api/v1/predict", many)
    plain(answer)
    assert answer.status_code in (400, 413, 422)
    assert json.loads(answer.content)
