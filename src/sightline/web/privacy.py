"""What a browser or a proxy may keep: nothing of what only some may see."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_NOTHING = "private, no-store"


class PrivacyMiddleware:
    """Sets Cache-Control.

    Where Runs and Data are not for everyone, nothing is kept, whatever a view said. On this machine pages that
    somebody signed in for are not kept either; pictures of the dataset are, which everyone here may see.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        signed_in = hasattr(request, "user") and request.user.is_authenticated
        token = "Authorization" in request.headers
        if not settings.SIGHTLINE.open_pages or ((signed_in or token) and "Cache-Control" not in response):
            response["Cache-Control"] = _NOTHING
        return response
