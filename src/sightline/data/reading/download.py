"""Fetching one file over HTTP, through cut connections and from servers that say what is not so.

What has arrived stays in `NAME.part` and the next attempt asks only for the rest; a copy that changed meanwhile on the
server is begun anew. The file gets its name when it has the promised length and, where one is known, the right SHA-256.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import re
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from sightline.errors import SightlineError
from sightline.system.files import sha256, write_json
from sightline.system.progress import note, track

MOST_FAILURES = 5
"""Attempts in a row that brought nothing, after which it is given up."""
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""

_BLOCK = 1 << 18
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before the next attempt
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class _Again(Exception):
    """This attempt failed; the next may not. `after`: seconds that the server asks to wait."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class Unreachable(SightlineError):
    """There is no way to the server: no network, or it does not answer."""


@dataclass
class _Part:
    """What has arrived so far, and what is needed to ask for the rest of the same file."""

    path: Path

    @property
    def about(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def tag(self, url: str) -> str:
        """The server's mark (ETag or date) of the file that the part is of; "" if it cannot be gone on with."""
        try:
            about = json.loads(self.about.read_text(encoding="utf-8"))
            return str(about["tag"]) if about["url"] == url else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, url: str, tag: str) -> None:
        self.path.unlink(missing_ok=True)
        write_json(self.about, {"url": url, "tag": tag})

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)


def download(
    url: str,
    target: Path,
    *,
    digest: str = "",
    size: int = 0,
    most: int = 1 << 40,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Fetch `url` to `target`, going on from what an earlier attempt left.

    Args:
        url: http or https.
        target: the file to make; its folder is made if need be.
        digest: its SHA-256 as 64 hexadecimal digits, if known.
        size: its length in bytes, if known.
        most: bytes beyond which a server is taken to be sending something else.
        sleep: waits between attempts (for tests).

    Returns:
        The SHA-256 of what was fetched.

    Raises:
        Unreachable: there is no way to the server.
        SightlineError: the server refuses, goes on sending too little, or sends another file than the one known.
    """
    if not url.startswith(("http://", "https://")):
        raise SightlineError(f"{url}: only http and https addresses are fetched.")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Another process may be fetching the same file: wait for it rather than write into its part.
    with FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_file():
            return sha256(target)
        part = _Part(target.with_name(target.name + ".part"))
        try:
            _fetch(url, part, digest, size, most, sleep)
            return _accept(url, part, target, digest, size)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                part.remove()
                raise SightlineError(f"{target.parent}: the disk is full. Free some space, then try again.") from error
            raise SightlineError(f"{target.parent}: cannot be written ({error.strerror or error}).") from error


def _fetch(url: str, part: _Part, digest: str, size: int, most: int, sleep: Callable[[float], None]) -> None:
    """Attempt after attempt until the file is whole; each that gets further gives new credit."""
    failures, furthest = 0, part.size()
    with track(f"Fetching {part.path.stem}", (size >> 20) or None, "MB") as advance:
        while True:
            try:
                _attempt(url, part, bool(digest), most, advance)
                return
            except _Again as error:
                if size and part.size() == size:
                    return  # the server promised more than there is
                failures = 0 if part.size() > furthest else failures + 1
                furthest = max(furthest, part.size())
                if failures >= MOST_FAILURES:
                    if digest and part.size() and sha256(part.path) == digest:
                        return
                    raise _given_up(url, part, str(error)) from error
                note(f"{part.path.stem}: {error}; trying again.")
                sleep(max(_PAUSES[min(failures, len(_PAUSES) - 1)], error.after))


def _attempt(url: str, part: _Part, checked: bool, most: int, advance: Callable[..., None]) -> None:
    have, tag = part.size(), part.tag(url)
    headers = {"User-Agent": "sightline", "Accept-Encoding": "identity"}
    if have and (tag or checked):  # without the server's mark only a checksum tells whether two halves belong together
        headers |= {"Range": f"bytes={have}-"} | ({"If-Range": tag} if tag else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as answer:
            _require_plain(answer, url)
            have, whole = _position(answer, url, part, have)
            _receive(answer, part, have, whole, most, advance)
    except urllib.error.HTTPError as error:
        _refused(error, url, part, have)
    except urllib.error.URLError as error:
        raise _no_way(url, error.reason) from error
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise _Again(f"the connection was cut ({type(error).__name__})") from error


def _position(answer: Any, url: str, part: _Part, have: int) -> tuple[int, int | None]:
    """Where in the file the answer begins, and how long the file is as far as the server says."""
    tag = answer.headers.get("ETag", "")
    if not tag or tag.startswith("W/"):  # a weak mark says "much the same", which is not enough to join two halves
        tag = answer.headers.get("Last-Modified", "")
    if answer.status == 206:
        given = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        if given and int(given[1]) == have and (not tag or tag == part.tag(url)):
            return have, None if given[2] == "*" else int(given[2])
        part.remove()
        raise _Again("the server sent another part than the one asked for")
    part.begin(url, tag)
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _require_plain(answer: Any, url: str) -> None:
    if url.startswith("https://") and not answer.url.startswith("https://"):
        raise SightlineError(
            f"{url}: the server leads to an address that is not safe ({answer.url[:80]}). Not fetched."
        )
    if answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise SightlineError(f"{url}: the server sent it in another encoding than asked for. Fetch it by hand.")
    if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise SightlineError(f"{url}: the server sent a web page, not the file. It may want you to log in first.")


def _receive(answer: Any, part: _Part, have: int, whole: int | None, most: int, advance: Callable[..., None]) -> None:
    with open(part.path, "ab" if have else "wb") as file:
        try:
            while block := answer.read1(_BLOCK):  # what there is: a connection that stalls loses nothing
                file.write(block)
                advance(((have + len(block)) >> 20) - (have >> 20))
                have += len(block)
                if have > most:
                    raise SightlineError(f"{answer.url}: the server sends more than {most / 1e9:,.1f} GB. Stopped.")
        finally:
            file.flush()
            os.fsync(file.fileno())
    if whole is not None and have < whole:
        raise _Again(f"only {have:,} of {whole:,} bytes arrived")


def _refused(error: urllib.error.HTTPError, url: str, part: _Part, have: int) -> None:
    """What an answer that is an error means; returns if the part turns out to be the whole file."""
    if error.code == 416:  # asked for what lies beyond the end
        given = re.fullmatch(r"bytes \*/(\d+)", (error.headers.get("Content-Range") or "").strip())
        if given and int(given[1]) == have:
            return
        part.remove()
        raise _Again("what was there did not fit the file on the server") from error
    if error.code in _TRANSIENT:
        after = error.headers.get("Retry-After") or ""
        raise _Again(
            f"the server answered {error.code} {error.reason}", min(60.0, float(after)) if after.isdigit() else 0.0
        )
    what = {401: "wants you to log in", 403: "refuses it", 404: "does not have it", 410: "no longer has it"}
    raise SightlineError(
        f"{url}: the server {what.get(error.code, f'answered {error.code} {error.reason}')}."
    ) from error


def _no_way(url: str, reason: object) -> Exception:
    host = urllib.parse.urlsplit(url).netloc
    if isinstance(reason, socket.gaierror):
        return Unreachable(f"{host} cannot be found: there seems to be no network.")
    if isinstance(reason, (TimeoutError, ConnectionResetError, BrokenPipeError)):
        return _Again("the connection was cut")
    return Unreachable(f"{host} cannot be reached ({getattr(reason, 'strerror', None) or reason}).")


def _given_up(url: str, part: _Part, why: str) -> SightlineError:
    kept = f" The {part.size() >> 20:,} MB that arrived are kept for the next time." if part.size() >> 20 else ""
    return SightlineError(f"{url}: given up after {MOST_FAILURES} attempts that brought nothing new: {why}.{kept}")


def _accept(url: str, part: _Part, target: Path, digest: str, size: int) -> str:
    """Give the file its name if it is the right one; what is wrong is thrown away, since going on cannot mend it."""
    length, found = part.size(), sha256(part.path)
    if (digest and found != digest) or (size and length != size):
        part.remove()
        known = f"{size:,} bytes, SHA-256 {digest[:12]}…" if digest else f"{size:,} bytes"
        raise SightlineError(
            f"{url}: is not the file that is known ({known}): {length:,} bytes, SHA-256 {found[:12]}… arrived.\n"
            "It was thrown away. Try again later, or fetch it by hand and compare."
        )
    part.path.replace(target)
    part.remove()
    return found
