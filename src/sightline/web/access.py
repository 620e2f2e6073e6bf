"""Which pages need a signed-in person."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from sightline.web.replies import Refused

View = Callable[..., HttpResponseBase]


def _ask(request: HttpRequest) -> HttpResponseBase:
    """Send a person to the sign-in page, and back here afterwards."""
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=204)
        response["HX-Redirect"] = redirect_to_login(request.headers.get("HX-Current-URL", "/")).url
        return response
    if not User.objects.exists() and may_found(request):
        return redirect("welcome")
    return redirect_to_login(request.get_full_path())


def may_found(request: HttpRequest) -> bool:
    """Whether this request comes from the machine itself, so that it may make the first user.

    A forwarded request came through a proxy, from who knows where.
    """
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    return bool(settings.SIGHTLINE_FIRST_RUN) and local and not forwarded


def people_only(view: View) -> View:
    """For those who signed in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.user.is_authenticated else _ask(request)

    return wrapped


def staff_only(view: View) -> View:
    """For those who look after the site."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _ask(request)
        if not request.user.is_staff:
            raise Refused(403, "Only those who look after the site can do this.")
        return view(request, *args, **kwargs)

    return wrapped


def open_here(view: View) -> View:
    """For everyone on this machine; in production, where runs and data are nobody else's business, for people only."""
    guarded = people_only(view)

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (view if settings.SIGHTLINE.open_pages else guarded)(request, *args, **kwargs)

    return wrapped
