"""Downloads from a server that cuts connections, lies about lengths and changes its mind."""

import errno
import hashlib
import os
import random
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sightline.data.reading import download as module
from sightline.data.reading.download import MOST_FAILURES, Unreachable, download
from sightline.errors import SightlineError

BODY = random.Random(1).randbytes(1_500_000)
DIGEST = hashlib.sha256(BODY).hexdigest()


class Server:
    """One file on a local server; `behave` says how each request is answered."""

    def __init__(self) -> None:
        self.body = BODY
        self.tag = '"one"'
        self.ranges: list[str] = []  # the Range header of each request
        self.behave: Callable[[BaseHTTPRequestHandler, int], bool] = lambda handler, number: False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.ranges.append(self.headers.get("Range", ""))
                self.close_connection = True
                if not outer.behave(self, len(outer.ranges)):
                    outer.serve(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/set.zip"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def serve(
        self, handler, *, cut: int | None = None, claim: int | None = None, ranges: bool = True, tag: bool = True
    ):
        """Answer as a good server would, but send only `cut` bytes, or claim another length."""
        start = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        fits = handler.headers.get("If-Range", self.tag) == self.tag
        if wanted and ranges and fits:
            start = int(wanted[1])
            if start >= len(self.body):
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{len(self.body)}")
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        else:
            handler.send_response(200)
        rest = self.body[start:]
        handler.send_header("Content-Length", str(len(rest) if claim is None else claim))
        if tag:
            handler.send_header("ETag", self.tag)
        handler.send_header("Content-Type", "application/zip")
        handler.end_headers()
        handler.wfile.write(rest if cut is None else rest[:cut])


@pytest.fixture
def server():
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def get(server, tmp_path):
    waited: list[float] = []

    def run(**options) -> str:
        return download(server.url, tmp_path / "in" / "set.zip", sleep=waited.append, **options)

    run.target = tmp_path / "in" / "set.zip"
    run.waited = waited
    return run


def only_the_file(target: Path) -> bool:
    return [path.name for path in target.parent.iterdir() if not path.name.startswith(".")] == [target.name]


def test_a_plain_download(server, get):
    assert get(digest=DIGEST, size=len(BODY)) == DIGEST
    assert get.target.read_bytes() == BODY
    assert only_the_file(get.target)
    assert server.ranges == [""]


def test_what_is_there_is_not_fetched_again(server, get):
    get()
    assert get() == DIGEST
    assert len(server.ranges) == 1


def test_a_cut_connection_is_taken_up_where_it_broke(server, get):
    server.behave = lambda handler, number: number < 4 and (server.serve(handler, cut=400_000) or True)
    assert get(digest=DIGEST) == DIGEST
    assert server.ranges == ["", "bytes=400000-", "bytes=800000-", "bytes=1200000-"]
    assert len(get.waited) == 3


def test_a_later_call_goes_on_where_an_earlier_one_was_stopped(server, get):
    def cut_then_nothing(handler, number):
        if number == 1:
            server.serve(handler, cut=700_000)
            return True
        handler.send_error(503)
        return True

    server.behave = cut_then_nothing
    with pytest.raises(SightlineError, match=f"given up after {MOST_FAILURES} attempts.*503"):
        get(digest=DIGEST)
    assert not get.target.exists()
    server.behave = lambda handler, number: False
    server.ranges.clear()
    assert get(digest=DIGEST) == DIGEST
    assert server.ranges == ["bytes=700000-"]


def test_a_server_that_cannot_resume_is_asked_for_all_of_it(server, get):
    def no_ranges(handler, number):
        server.serve(handler, ranges=False, cut=500_000 if number == 1 else None)
        return True

    server.behave = no_ranges
    assert get() == DIGEST
    assert get.target.read_bytes() == BODY


def test_a_file_that_changed_between_two_attempts_is_begun_anew(server, get):
    def change(handler, number):
        if number == 1:
            server.serve(handler, cut=500_000)
            server.body, server.tag = BODY[::-1], '"two"'
            return True
        return False

    server.behave = change
    get()
    assert get.target.read_bytes() == BODY[::-1]


def test_halves_are_not_joined_without_a_mark_or_a_checksum(server, get):
    server.behave = lambda handler, number: (
        server.serve(handler, tag=False, cut=500_000 if number == 1 else None) or True
    )
    assert get() == DIGEST
    assert server.ranges == ["", ""]


def test_with_a_checksum_halves_are_joined_and_tested(server, get):
    server.behave = lambda handler, number: (
        server.serve(handler, tag=False, cut=500_000 if number == 1 else None) or True
    )
    assert get(digest=DIGEST) == DIGEST
    assert server.ranges == ["", "bytes=500000-"]


def test_a_server_that_sends_the_wrong_part_is_not_believed(server, get):
    def wrong(handler, number):
        if number == 1:
            server.serve(handler, cut=500_000)
        elif number == 2:
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes 100-{len(BODY) - 1}/{len(BODY)}")
            handler.send_header("Content-Length", str(len(BODY) - 100))
            handler.end_headers()
            handler.wfile.write(BODY[100:])
        else:
            return False
        return True

    server.behave = wrong
    assert get() == DIGEST
    assert get.target.read_bytes() == BODY


def test_a_length_that_is_too_long_ends_well_if_the_rest_turns_out_to_be_nothing(server, get):
    server.behave = lambda handler, number: number == 1 and (server.serve(handler, claim=len(BODY) + 5000) or True)
    assert get() == DIGEST
    assert server.ranges == ["", f"bytes={len(BODY)}-"]


def test_a_length_that_is_always_too_long_ends_well_if_the_file_is_known(server, get):
    server.behave = lambda handler, number: (
        server.serve(handler, claim=len(BODY) + 5000, ranges=False, tag=False) or True
    )
    assert get(size=len(BODY)) == DIGEST
    get.target.unlink()
    assert get(digest=DIGEST) == DIGEST
    get.target.unlink()
    with pytest.raises(SightlineError, match=r"given up.*only 1,500,000 of 1,505,000 bytes arrived"):
        get()


def test_a_length_that_is_too_short_is_found_out(server, get):
    server.behave = lambda handler, number: server.serve(handler, claim=1000) or True
    with pytest.raises(SightlineError, match=r"not the file that is known.*1,000 bytes.*arrived"):
        get(digest=DIGEST, size=len(BODY))
    assert not get.target.exists()
    assert not get.target.with_name("set.zip.part").exists()


def test_another_file_than_the_known_one_is_thrown_away(server, get):
    server.body = BODY[:-1] + b"x"
    with pytest.raises(SightlineError, match=r"not the file that is known .*arrived\.\nIt was thrown away") as error:
        get(digest=DIGEST, size=len(BODY))
    assert len(str(error.value).splitlines()) == 2
    assert not any(path.is_file() and not path.name.startswith(".") for path in get.target.parent.iterdir())


def test_a_login_page_is_not_taken_for_the_file(server, get):
    def page(handler, number):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"<html>")
        return True

    server.behave = page
    with pytest.raises(SightlineError, match="a web page, not the file"):
        get()


@pytest.mark.parametrize(
    ("code", "words"), [(404, "does not have it"), (403, "refuses it"), (401, "log in"), (418, "418")]
)
def test_a_refusal_is_not_tried_again(server, get, code, words):
    server.behave = lambda handler, number: handler.send_error(code) or True
    with pytest.raises(SightlineError, match=words):
        get()
    assert len(server.ranges) == 1


def test_a_busy_server_is_given_the_time_that_it_asks_for(server, get):
    def busy(handler, number):
        if number > 2:
            return False
        handler.send_response(429)
        handler.send_header("Retry-After", "7")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    server.behave = busy
    assert get() == DIGEST
    assert get.waited == [7.0, 7.0]


def test_a_stream_without_end_is_stopped(server, get):
    def endless(handler, number):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(1 << 16))
        except OSError:
            return True

    server.behave = endless
    with pytest.raises(SightlineError, match="sends more than"):
        get(most=2_000_000)


def test_an_answer_that_stalls_counts_as_cut(server, get, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    asked_again = threading.Event()

    def stall(handler, number):
        if number > 1:
            asked_again.set()
            return False
        server.serve(handler, cut=300_000)
        handler.wfile.flush()
        asked_again.wait(20)
        return True

    server.behave = stall
    assert get() == DIGEST
    assert server.ranges[:2] == ["", "bytes=300000-"]


def test_no_way_to_the_server(tmp_path):
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 cannot be reached"):
        download("http://127.0.0.1:9/x", tmp_path / "x", sleep=lambda seconds: None)
    with pytest.raises(Unreachable, match="there seems to be no network"):
        download("http://no-such-host.invalid/x", tmp_path / "x", sleep=lambda seconds: None)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "/etc/passwd"])
def test_only_the_web_is_fetched_from(tmp_path, url):
    with pytest.raises(SightlineError, match="only http and https"):
        download(url, tmp_path / "x")


def test_a_redirection_to_a_file_is_not_followed(server, get):
    def away(handler, number):
        handler.send_response(302)
        handler.send_header("Location", "file:///etc/passwd")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    server.behave = away
    with pytest.raises(SightlineError):
        get()
    assert not get.target.exists()


def test_a_redirection_is_followed_and_resumed(server, get):
    def away(handler, number):
        if handler.path == "/set.zip":
            handler.send_response(302)
            handler.send_header("Location", "/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        else:
            server.serve(handler, cut=900_000)
        return True

    server.behave = away
    assert get() == DIGEST


def test_a_full_disk_leaves_no_half_file(server, get, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SightlineError, match="the disk is full"):
        get()
    assert not get.target.exists()
    assert not get.target.with_name("set.zip.part").exists()


def test_two_at_once_fetch_it_once(server, get):
    results, threads = [], []
    for _ in range(3):
        threads.append(threading.Thread(target=lambda: results.append(get())))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert results == [DIGEST] * 3
    assert len(server.ranges) == 1
