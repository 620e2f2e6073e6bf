"""What every page shares: the place in the navigation, and the pages for what went wrong."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from sightline.version import __version__
from sightline.web.replies import Refused, refusal, understood

_SECTIONS = (("classify", "Classify"), ("runs", "Runs"), ("data", "Data"), ("review", "Review"))


def common(request: HttpRequest) -> dict[str, Any]:
    """For the frame of each page."""
    path = request.path
    sections = [(reverse(name), title, _within(path, reverse(name))) for name, title in _SECTIONS]
    return {"sections": sections, "version": __version__, "open_pages": settings.SIGHTLINE.open_pages}


def _within(path: str, root: str) -> bool:
    return path.startswith(root) if root != "/" else path == "/" or path.startswith("/classify/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return refusal(request, Refused(400, "This request is not one that the site understands."))


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return refusal(request, Refused(403, "You may not do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old page, or another site's doing."""
    return refusal(request, Refused(403, "This page had grown old. Reload it and try again."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return refusal(request, Refused(404, "There is no page at this address."))


def broken(request: HttpRequest) -> HttpResponse:
    """500; a full disk that showed itself outside of a view is told as what it is."""
    fault = Refused(500, "This is a fault of the site; it has been noted. Going back and trying again may help.")
    error = sys.exc_info()[1]
    return refusal(request, (understood(error) if error else None) or fault)
