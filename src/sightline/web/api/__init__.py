"""The API under /api/v1: predict, runs, findings, decisions, health. A token for scripts, the session for people."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from sightline.version import __version__
from sightline.web.api import predict, review, runs
from sightline.web.replies import Refused, refusal, understood

api = NinjaAPI(
    title="Sightline",
    version=__version__,
    description="Ask an image classifier, and work with its runs and their review.",
    urls_namespace="api",
)
api.add_router("", predict.router)
api.add_router("", runs.router)
api.add_router("", review.router)


@api.exception_handler(Exception)
def _failed(request: HttpRequest, exception: Exception) -> HttpResponse:
    refused = understood(exception)
    if refused is None:
        raise exception
    return refusal(request, refused)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, exception: AuthenticationError) -> HttpResponse:
    response = refusal(
        request, Refused(401, "Send a token: Authorization: Bearer sightline_… (made on your account page).")
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    said: list[dict[str, Any]] = exception.errors
    text = "; ".join(f"{'.'.join(str(part) for part in error['loc'][1:])}: {error['msg']}" for error in said[:5])
    return refusal(
        request, Refused(422, text or "The request does not have the form that the documentation describes.")
    )


@api.exception_handler(HttpError)
def _http(request: HttpRequest, exception: HttpError) -> HttpResponse:
    return refusal(request, Refused(exception.status_code, exception.message))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, exception: Http404) -> HttpResponse:
    return refusal(request, Refused(404, "There is nothing at this address."))
