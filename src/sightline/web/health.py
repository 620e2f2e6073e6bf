"""What machines ask: /live and /ready, answered before anything that could wait (no session, no queue, and for /live no
database), and /metrics.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from sightline.web.accounts.tokens import bearer
from sightline.web.answering.service import desks
from sightline.web.replies import Refused


class HealthMiddleware:
    """Answers the two probes itself. Hosts are not checked here: a probe knows the machine, not the site's name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/live":
            return _plain("live\n", 200)
        if request.path == "/ready":
            problem = _problem()
            return _plain(f"{problem or 'ready'}\n", 503 if problem else 200)
        return self.get_response(request)


def _problem() -> str:
    """Why no traffic should come here just now; "" if it may."""
    if desks().closed:
        return "shutting down"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "the database does not answer"
    return ""


def _plain(text: str, status: int) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain")
    response["Cache-Control"] = "no-store"
    return response


def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads: for everyone on this machine, in production for those with a token."""
    if not settings.SIGHTLINE.open_pages and bearer(request) is None:
        raise Refused(403, "Metrics need a token: Authorization: Bearer …")
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
