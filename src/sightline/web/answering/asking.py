"""One way from an uploaded file to an answer, for the page and for the API alike."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from sightline.web import metrics
from sightline.web.answering.quota import Quota
from sightline.web.answering.service import Answer, desks, wait
from sightline.web.answering.uploads import Photo, read_upload
from sightline.web.limits import client_address
from sightline.web.replies import Refused

_quotas: dict[int, Quota] = {}


def _charge(request: HttpRequest, photos: int) -> None:
    """Take the photos from the client's quota: of the person who signed in, else of the address.

    Raises:
        Refused: 429.
    """
    per_minute = settings.SIGHTLINE.quota
    quota = _quotas.setdefault(per_minute, Quota(per_minute))
    person = getattr(request, "auth_person", None) or request.user
    client = f"person {person.pk}" if person.is_authenticated else client_address(request)
    seconds = quota.spend(client, photos)
    if seconds:
        metrics.refused("quota")
        raise Refused(429, f"{per_minute} photos a minute are what one visitor may ask. Please wait a little.", seconds)


def ask(request: HttpRequest, file: UploadedFile, run: str, *, preview: bool) -> tuple[Photo, Answer]:
    """The photo in `file`, and the answer of `run`'s model.

    Raises:
        Refused: any reason why there is none.
    """
    _charge(request, 1)
    desk = desks().get(run)
    with desk.room() as until:
        photo = read_upload(file, desk.predictor.size, _pixels(), preview=preview)
        return photo, wait(desk.answer(photo.pixels, until), until)


def ask_many(
    request: HttpRequest, files: Sequence[UploadedFile], run: str, *, preview: bool
) -> list[tuple[Photo, Answer] | Refused]:
    """As `ask` for several files; one that cannot be read costs only itself.

    Raises:
        Refused: 429, 503 or 504: reasons that concern them all.
    """
    _charge(request, len(files))
    desk = desks().get(run)
    asked: list[tuple[Photo, Future[Answer]] | Refused] = []
    with desk.room(len(files)) as until:
        for file in files:
            try:
                photo = read_upload(file, desk.predictor.size, _pixels(), preview=preview)
                asked.append((photo, desk.answer(photo.pixels, until)))
            except Refused as refused:
                asked.append(refused)
        return [entry if isinstance(entry, Refused) else (entry[0], wait(entry[1], until)) for entry in asked]


def _pixels() -> int:
    return int(settings.SIGHTLINE.upload_megapixels * 1e6)
