"""Pictures of the dataset's photos for the browser: made once, kept in the cache, never the file itself."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse

from sightline.data.decoding.deep import FULL
from sightline.data.decoding.opening import MAX_PIXELS
from sightline.data.decoding.regular import Undecodable
from sightline.system import cache
from sightline.web.decoders import decoders
from sightline.web.replies import Refused

_DIGEST = re.compile("[0-9a-f]{64}")
SIZES = {"thumb": 256, "photo": 1280}


def picture(file: Path, digest: str, kind: str, client: str = "", white: int = FULL) -> bytes:
    """The photo as a JPEG, at most SIZES[kind] pixels on a side, turned as its EXIF says, without metadata.

    Args:
        file: the photo.
        digest: the SHA-256 of its bytes, as the run knows it. A file with other bytes is not shown: a run that came
            from elsewhere may name any file of this machine, but cannot know what is in it.
        kind: thumb or photo.
        client: who asks.
        white: of the run's 16-bit photos (data/decoding/deep.py).

    Raises:
        Refused: 404, the photo is no longer there or cannot be read; 504, its turn to be decoded did not come in time.
    """
    side = SIZES[kind]
    if not _DIGEST.fullmatch(digest):
        raise Refused(404, "This run does not know what its photos were, so none of them is shown.")
    name = f"{digest}-{side}.jpg" if white == FULL else f"{digest}-{side}-{white}.jpg"
    kept = cache.root() / "thumbnails" / digest[:2] / name if kind == "thumb" else None
    if kept is not None and kept.is_file():
        return kept.read_bytes()
    until = time.monotonic() + settings.SIGHTLINE.deadline
    quality = 80 if kind == "thumb" else 86
    try:
        seen = decoders().look(
            str(file), MAX_PIXELS, white=white, side=side, quality=quality, digest=digest, client=client, until=until
        )
    except Undecodable as error:
        raise Refused(404, f"The photo is no longer there, or can no longer be read: {error.detail}.") from None
    if kept is not None:
        _keep(kept, seen.picture)
    return seen.picture


def picture_response(content: bytes, *, keep: bool = False) -> HttpResponse:
    """A response with a JPEG that this site made.

    Args:
        content: its bytes.
        keep: whether the browser may keep it for good, because its address changes with the photo.
    """
    response = HttpResponse(content, content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=31536000, immutable" if keep else "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _keep(path: Path, content: bytes) -> None:
    """Renamed into place; not flushed, since it can always be made again."""
    draft = path.with_name(f".{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:  # a full or read-only cache only costs time
        draft.unlink(missing_ok=True)
