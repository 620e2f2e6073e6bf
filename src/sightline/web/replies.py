"""What goes back when something cannot be done: one plain sentence, as a page, a fragment of one, or JSON."""

from __future__ import annotations

import errno
import logging
import math
import re

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from sightline.errors import SightlineError
from sightline.web import metrics

TITLES = {
    400: "That request could not be read",
    403: "Not allowed",
    404: "Not here",
    405: "Not a page",
    409: "Not possible just now",
    413: "Too large",
    415: "Not a kind of photo we read",
    422: "That photo cannot be read",
    429: "A little slower, please",
    500: "Something broke",
    503: "Busy just now",
    411: "How long is it?",
    504: "That took too long",
    507: "No room left",
}


_log = logging.getLogger(__name__)
_PATH = re.compile(r"(?<![\w./<])/(?:[^/:;,\"'<>()\n]+/)+(?P<name>[^\s/:;,\"'<>()]*)")


# How SQLite and PostgreSQL say it; the second is SQLite's word where it cannot even make its -shm file.
_FULL = ("disk is full", "disk I/O error", "No space left", "readonly database", "unable to open database")


class Refused(Exception):
    """A request that is answered with a status and one sentence instead of a result.

    Args:
        status: the HTTP status.
        reason: one sentence for the person or program that asked.
        retry_after: seconds after which asking again makes sense.
    """

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.retry_after = status, reason, retry_after


def understood(error: BaseException) -> Refused | None:
    """What to answer where `error` ended a request; None where it is a fault of the site's own."""
    if isinstance(error, Refused):
        return error
    if disk_is_full(error):
        return no_room(error)
    return Refused(409, str(error)) if isinstance(error, SightlineError) else None


def disk_is_full(error: BaseException | None) -> bool:
    """Whether a full disk, or a full quota on it, lies behind an error, be it of a file or of the database."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        if isinstance(error, DatabaseError) and any(words in str(error) for words in _FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def no_room(error: BaseException) -> Refused:
    """Something of a visitor's or a reviewer's cannot be written. The log says where and why."""
    metrics.refused("disk")
    _log.error("The site cannot write: %s", error)
    return Refused(507, "The site cannot keep anything just now; nothing was changed. Its keeper has to make room.", 60)


def without_paths(text: str) -> str:
    """A message without the server's folders, which mean nothing in a browser and are nobody's business.

    What lies in the folder of runs keeps its path from there on; of any other path the name alone stays.
    """
    options = settings.SIGHTLINE
    for folder in (options.runs, options.state):
        text = text.replace(f"{folder}/", "").replace(str(folder), folder.name)
    return _PATH.sub(lambda match: match["name"], text)


def busy(retry_after: float) -> Refused:
    """The house is full."""
    metrics.refused("full")
    return Refused(503, "The site is busy just now. Please try again in a moment.", retry_after)


def restarting() -> Refused:
    """The site is shutting down, or a model has just made way for another one."""
    metrics.refused("closed")
    return Refused(503, "The site is restarting. Please try again in a moment.", 5)


def too_late() -> Refused:
    """The deadline passed while the photo waited for its turn."""
    metrics.refused("late")
    return Refused(504, "The answer took too long; the photo was not looked at. Please try again.", 2)


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The response for `refused`, in the form that the client can use. No path of the server is ever in it."""
    reason = without_paths(refused.reason)
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse({"detail": reason}, status=refused.status)
    else:
        fragment = request.headers.get("HX-Request") == "true" or request.headers.get("X-Fragment") == "1"
        context = {
            "title": TITLES.get(refused.status, "Not possible"),
            "reason": reason,
            "status": refused.status,
        }
        template = "parts/refused.html" if fragment else "refused.html"
        response = render(request, template, context, status=refused.status)
    if refused.retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(refused.retry_after)))
    return response
