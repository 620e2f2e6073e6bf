"""gunicorn's threads, so that no one visitor keeps the others waiting: not by many requests, not by slow ones.

A request goes to a thread when its first bytes are there, and the thread waits for the rest of it. Whoever sends byte
by byte (Slowloris, 2009) would hold every thread; so one client has a share of the threads and of the connections, and
a request that does not come to its end is given up. Behind a proxy of ours all clients have its address; there the
proxy takes requests in whole. The probes /live and /ready have threads of their own.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import _DEFER, STOP_KEEPALIVE_LINGER, ThreadWorker

from sightline.web.client import household
from sightline.web.options import Options

ARRIVES_WITHIN = 600.0
"""Seconds that a request has to arrive in whole: the largest over a slow line does."""

_SAYS = b"Too many requests of yours are under way already.\n"
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_SAYS), _SAYS)
)
_PROBES = (b"GET /live ", b"GET /ready ", b"HEAD /live ", b"HEAD /ready ")


def share(options: Options) -> int:
    """How many threads one client may hold: more than the house has room, so that it hears when it is full.

    There are twice as many where clients can be told apart, and as many where a proxy stands in front.
    """
    return options.queue + 24


class FairThreads(ThreadWorker):
    """The worker of `sightline serve`."""

    pending_conns: Any  # gunicorn's own: open connections of which nothing is asked, the oldest first
    keepalived_conns: Any
    nr_conns: int
    poller: Any
    tpool: Any  # the threads for everybody

    def init_process(self) -> None:
        self.probes = ThreadPoolExecutor(2, thread_name_prefix="probe")
        self.busy: dict[Any, float] = {}  # connection -> when its request was given to the threads
        options = Options.from_environment()
        self.told_apart, self.share = not options.trusted_proxies, share(options)
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Called in the main thread for each connection that is new or has something to say."""
        start = _start(conn.sock)
        probe = _is_probe(start or b"")
        if not probe and self.told_apart and self._has_its_share(conn):
            self._turn_away(conn)
            return
        if start is None and self.alive and not conn.initialized and not conn.data_ready:
            # Nothing was sent yet: no thread need wait for it.
            self.finish_request(conn, _done(_DEFER))
            return
        everybody = self.tpool
        if probe:
            self.tpool = self.probes
        else:
            self.busy[conn] = time.monotonic()
        try:
            super().enqueue_req(conn)
        finally:
            self.tpool = everybody

    def _has_its_share(self, conn: Any) -> bool:
        whose = _whose(conn)
        if not whose:  # a Unix socket
            return False
        held = sum(whose == _whose(other) for other in self.busy)
        idle = sum(whose == _whose(other) for other in (*self.pending_conns, *self.keepalived_conns))
        return held >= self.share or held + idle >= self.worker_connections // 2

    def _turn_away(self, conn: Any) -> None:
        """Say so and close at once: who holds so much is not waited for."""
        with suppress(OSError):
            conn.sock.send(_TOO_MANY, socket.MSG_DONTWAIT)
            conn.sock.recv(65536, socket.MSG_DONTWAIT)  # or closing would take the answer back
        self.nr_conns -= 1
        conn.close()

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Called in the main thread when a request was answered."""
        self.busy.pop(conn, None)
        if self.alive and not fs.cancelled() and fs.exception() is None and not fs.result():
            self._let_go(conn)
        else:
            super().finish_request(conn, fs)

    def _let_go(self, conn: Any) -> None:
        """Close a connection when its client does, after some seconds at the latest; an answer is lost otherwise.

        gunicorn waits for that in the main thread, where forty clients who do not close keep all others waiting.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            self.nr_conns -= 1
            conn.close()
        else:
            conn.set_timeout()
            self.pending_conns.append(conn)

    def _drain(self, conn: Any, sock: socket.socket) -> None:
        with suppress(OSError):
            if sock.recv(65536):
                return
        self.poller.unregister(sock)
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.close()

    def notify(self) -> None:
        """Called in the main thread every second or so: hear no more from those who take too long to say it.

        What has arrived is still answered: only reading ends.
        """
        super().notify()
        now = time.monotonic()
        if not self.alive:
            for conn in self.pending_conns:  # of whom nothing is awaited any more
                conn.timeout = min(conn.timeout, now + STOP_KEEPALIVE_LINGER)
        for conn, begun in list(self.busy.items()):
            if now - begun > ARRIVES_WITHIN:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)


def _whose(conn: Any) -> str:
    return household(str(conn.client[0])) if isinstance(conn.client, tuple) else ""


def _done(result: object) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(result)
    return done


def _start(sock: socket.socket) -> bytes | None:
    """The first bytes that wait to be read; None where there are none yet."""
    try:
        return sock.recv(4096, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:  # broken: whoever reads next finds out
        return b""


def _is_probe(start: bytes) -> bool:
    """Whether a whole request for /live or /ready waits, so that the threads for these never wait for a slow one."""
    whole = start.startswith(_PROBES) and start.endswith(b"\r\n\r\n")
    return whole and not any(name in start.lower() for name in (b"content-length", b"transfer-encoding"))
