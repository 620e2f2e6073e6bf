"""The copies of visitors' photos: kept under generated names for a day, or for the reviewers if somebody called
them wrong.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from sightline.errors import SightlineError
from sightline.system.files import write_bytes
from sightline.web.answering.asking import Answered
from sightline.web.classify.models import Upload
from sightline.web.replies import no_room

_EVERY = 600.0  # seconds between two rounds of tidying
_lock = threading.Lock()
_tidied = [-_EVERY]  # when, by the monotonic clock


def path_of(identity: uuid.UUID) -> Path:
    """Where the copy lies."""
    text = identity.hex
    return Path(settings.SIGHTLINE.state) / "uploads" / text[:2] / f"{text}.jpg"


def keep(answered: Answered, name: str) -> Upload:
    """Store the copy and its answer.

    Args:
        answered: both.
        name: what the visitor called the photo.

    Raises:
        Refused: 507, they cannot be written.
    """
    tidy()
    shown = "".join(character for character in name if character.isprintable()).strip()[:120] or "photo"
    photo = answered.photo
    upload = Upload(
        run=answered.run, name=shown, answer=answered.answer.to_dict(), width=photo.width, height=photo.height
    )
    try:
        write_bytes(path_of(upload.id), photo.preview)
        upload.save(force_insert=True)
    except (OSError, SightlineError, DatabaseError) as error:
        with suppress(OSError):
            path_of(upload.id).unlink()
        raise no_room(error) from error
    return upload


@contextmanager
def mark_reported(upload: Upload) -> Iterator[None]:
    """Mark a photo as called wrong, so that it stays for the reviewers, together with what the block writes."""
    with transaction.atomic():
        Upload.objects.filter(pk=upload.pk).update(reported=True)
        yield


def tidy() -> None:
    """Remove what is older than the site keeps; at most every ten minutes."""
    with _lock:
        if time.monotonic() - _tidied[0] < _EVERY:
            return
        _tidied[0] = time.monotonic()
    old = timezone.now() - timedelta(hours=settings.SIGHTLINE.keep_hours)
    for upload in Upload.objects.filter(created__lt=old, reported=False)[:1000]:
        path_of(upload.id).unlink(missing_ok=True)
        upload.delete()
