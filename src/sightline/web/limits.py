"""How much a request may bring, checked before it is read."""

# ruff: noqa: ARG002  (who calls decides what is given)

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError

from sightline.web.answering.service import desks
from sightline.web.replies import Refused, disk_is_full, no_room, refusal, understood

_FORM_BYTES = 1_000_000  # beside the photos: form fields, part headers
_REQUEST_BYTES = 512_000_000  # one request, whatever the limits of one photo


class LimitsMiddleware:
    """Refuses what is too large or finds no room, and turns unreadable forms into a plain 400, before any view sees
    them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return refusal(request, Refused(400, "Content-Length is not a number."))
        if not length and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            response = refusal(request, Refused(411, "Say how long the request is: send Content-Length."))
            response["Connection"] = "close"
            return response
        options = settings.SIGHTLINE
        most = min(_REQUEST_BYTES, int(options.upload_megabytes * 1e6 * options.upload_files) + _FORM_BYTES)
        if length > most:
            response = refusal(
                request, Refused(413, f"One request may bring {most / 1e6:,.0f} MB; send fewer photos at once.")
            )
            response["Connection"] = "close"
            return response
        if _brings_files(request):
            try:
                desks().turn_away()
            except Refused as refused:
                return refusal(request, refused)
        response = self.get_response(request)
        return _not_allowed(request, response) if response.status_code == 405 else response

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Read an upload here, where it can be refused in one place; the CSRF check would read it next."""
        if not _brings_files(request):
            return None
        try:
            bool(request.FILES)  # reading is asking
        except MultiPartParserError:
            return refusal(request, Refused(400, "The form is damaged: it is not valid multipart/form-data."))
        except SuspiciousOperation:
            return refusal(request, Refused(413, "The form has too many fields, or fields that are too long."))
        except UnreadablePostError:
            return refusal(request, Refused(400, "The connection broke before the form had arrived."))
        except OSError as error:  # a large photo waits on the disk until it is read
            for handler in request.upload_handlers:  # Django closes them where the form is at fault, but not here
                if (begun := getattr(handler, "file", None)) is not None:
                    begun.close()
            if not disk_is_full(error):
                raise
            return refusal(request, no_room(error))
        reason = getattr(request, "too_large", None)
        return refusal(request, Refused(413, reason)) if reason else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal that a view raised; a run whose files are damaged and a full disk are such too."""
        refused = understood(exception)
        return refusal(request, refused) if refused else None


def _brings_files(request: HttpRequest) -> bool:
    return request.method == "POST" and (request.content_type or "").startswith("multipart/")


def _not_allowed(request: HttpRequest, empty: HttpResponse) -> HttpResponse:
    """Django's own answer to a wrong method is an empty page."""
    response = refusal(request, Refused(405, "This address takes what a form or a script sends; it is not a page."))
    response["Allow"] = empty.headers.get("Allow", "")
    return response


class LimitHandler(FileUploadHandler):
    """Counts while an upload arrives; past a limit the rest is read and thrown away, so that the answer is heard."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        options = settings.SIGHTLINE
        self.most, self.files, self.most_files = int(options.upload_megabytes * 1e6), 0, options.upload_files

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files += 1
        self.size = 0
        if self.files > self.most_files:
            self._stop(f"One request may bring {self.most_files} photos.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.size += len(raw_data)
        if self.size > self.most:
            self._stop(f"A photo may have {self.most / 1e6:g} MB; this one has more.")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    def _stop(self, reason: str) -> None:
        assert self.request is not None
        self.request.too_large = reason  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=False)
