"""The way of an uploaded file, for the page and for the API alike: received (by limits.py), checked, asked; whoever
called shows what comes back. Each step happens once, and all of them within one deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from sightline.web import metrics
from sightline.web.answering.quota import Quota
from sightline.web.answering.service import Answer, Desk, deadline, desks, wait
from sightline.web.answering.uploads import Photo, read_upload
from sightline.web.client import client_network
from sightline.web.replies import Refused

_quotas: dict[int, Quota] = {}


@dataclass(frozen=True)
class Answered:
    """A photo, and what the model of `run` says of it."""

    run: str
    photo: Photo
    answer: Answer


def ask(request: HttpRequest, file: UploadedFile, run: str, *, preview: bool) -> Answered:
    """Ask about one photo.

    Args:
        request: who asks.
        file: an image file, as it was uploaded.
        run: whose model; the newest finished run's if "".
        preview: whether people will be shown the photo.

    Raises:
        Refused: any reason why there is no answer.
    """
    _, outcomes = ask_many(request, [file], run, preview=preview)
    if isinstance(outcomes[0], Refused):
        raise outcomes[0]
    return outcomes[0]


def ask_many(
    request: HttpRequest, files: Sequence[UploadedFile], run: str, *, preview: bool
) -> tuple[str, list[Answered | Refused]]:
    """Ask about several photos; one that cannot be read costs only itself.

    Args:
        request: who asks.
        files: as in `ask`.
        run: as there.
        preview: as there.

    Returns:
        The run that answered, and what came of each file, in their order.

    Raises:
        Refused: 429, 503 or 504: reasons that concern them all.
    """
    client = _charge(request, len(files))
    desk = desks().get(run, deadline())
    outcomes: list[Answered | Refused] = []
    at_once = settings.SIGHTLINE.share
    for start in range(0, len(files), at_once):
        outcomes += _ask_some(desk, files[start : start + at_once], client, preview=preview, patient=start > 0)
    return desk.run, outcomes


def _ask_some(
    desk: Desk, files: Sequence[UploadedFile], client: str, *, preview: bool, patient: bool
) -> list[Answered | Refused]:
    """One client's share of photos: while the network looks at some of them, the next ones are decoded."""
    asked: list[tuple[Photo, Future[Answer]] | Refused] = []
    with desk.room(len(files), client=client, until=deadline(), patient=patient) as until:
        for file in files:
            try:
                photo = read_upload(
                    file,
                    desk.predictor.size,
                    _most_pixels(),
                    fit=desk.predictor.fit,
                    white=desk.predictor.white,
                    preview=preview,
                    client=client,
                    until=until,
                )
                asked.append((photo, desk.answer(photo.pixels, until)))
            except Refused as refused:
                if refused.status == 504:
                    raise
                asked.append(refused)
        return [
            entry if isinstance(entry, Refused) else Answered(desk.run, entry[0], wait(entry[1], until))
            for entry in asked
        ]


def _charge(request: HttpRequest, photos: int) -> str:
    """Take the photos from the client's quota: of the person who signed in, else of the network they come from.

    Returns:
        The client, for whatever else is shared out fairly.

    Raises:
        Refused: 429.
    """
    per_minute = settings.SIGHTLINE.quota
    quota = _quotas.setdefault(per_minute, Quota(per_minute))
    person = getattr(request, "auth_person", None) or request.user
    client = f"person {person.pk}" if person.is_authenticated else client_network(request)
    seconds = quota.spend(client, photos)
    if seconds:
        metrics.refused("quota")
        raise Refused(429, f"{per_minute} photos a minute are what one visitor may ask. Please wait a little.", seconds)
    return client


def _most_pixels() -> int:
    return int(settings.SIGHTLINE.upload_megapixels * 1e6)
