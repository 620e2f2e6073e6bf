"""gunicorn's threads, with a door of their own for the probes: /live and /ready are heard however many visitors wait.

A request goes to the threads when its first bytes are there. They are looked at without being taken: probes are
answered by threads that do nothing else, so that they never queue behind uploads.
"""

from __future__ import annotations

import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import _DEFER, ThreadWorker

_PROBES = (b"GET /live ", b"GET /ready ", b"HEAD /live ", b"HEAD /ready ")


class ProbesFirst(ThreadWorker):
    """The worker of `sightline serve`."""

    tpool: Any  # gunicorn's own: the threads for everybody

    def init_process(self) -> None:
        self.probes = ThreadPoolExecutor(2, thread_name_prefix="probe")
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Called in the main thread for each connection that is new or has something to say."""
        start = _start(conn.sock)
        if start is None and self.alive and not conn.initialized and not conn.data_ready:
            # Nothing was sent yet: no thread need wait for it.
            nothing: Future[Any] = Future()
            nothing.set_result(_DEFER)
            self.finish_request(conn, nothing)
            return
        everybody = self.tpool
        self.tpool = self.probes if (start or b"").startswith(_PROBES) else everybody
        try:
            super().enqueue_req(conn)
        finally:
            self.tpool = everybody


def _start(sock: socket.socket) -> bytes | None:
    """The first bytes that wait to be read; None where there are none yet."""
    try:
        return sock.recv(16, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:  # broken: whoever reads next finds out
        return b""
