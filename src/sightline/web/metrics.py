"""What is counted: requests, predictions, batches, refusals, decisions. health.py shows it at /metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)

REQUESTS = Counter("sightline_requests_total", "Requests answered", ("view", "method", "status"))
LATENCY = Histogram("sightline_request_seconds", "Seconds from request to response", ("view",), buckets=_SECONDS)
PREDICTIONS = Counter("sightline_predictions_total", "Photos predicted")
BATCH = Histogram("sightline_batch_photos", "Photos predicted together", buckets=(1, 2, 4, 8, 16, 32, 64, 128))
COMPUTE = Histogram("sightline_batch_seconds", "Seconds that one batch took", buckets=_SECONDS)
REFUSALS = Counter("sightline_refusals_total", "Predictions refused", ("reason",))
INSIDE = Gauge("sightline_photos_inside", "Photos let in and not answered yet")
DECISIONS = Counter("sightline_decisions_total", "Review decisions", ("decision",))


def batch_done(photos: int, seconds: float) -> None:
    """A batch of `photos` took `seconds`."""
    PREDICTIONS.inc(photos)
    BATCH.observe(photos)
    COMPUTE.observe(seconds)


def refused(reason: str) -> None:
    """A prediction was refused: full, late, quota or closed."""
    REFUSALS.labels(reason).inc()


class MetricsMiddleware:
    """Counts and times every request by its view's name, never by its path: paths are without number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = (match.view_name if match else None) or "other"
        method = (
            request.method
            if request.method in ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
            else "other"
        )
        REQUESTS.labels(view, method, str(response.status_code)).inc()
        LATENCY.labels(view).observe(time.perf_counter() - started)
        return response
