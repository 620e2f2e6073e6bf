"""Pictures of the dataset's photos for the browser: made once, kept in the cache, never the file itself."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from sightline.data.decoding.quarantine import decode_guarded
from sightline.data.decoding.regular import Undecodable
from sightline.system import cache
from sightline.system.processes import cores
from sightline.web.answering.uploads import as_jpeg
from sightline.web.replies import Refused

SIZES = {"thumb": 256, "photo": 1280}
_at_once = threading.BoundedSemaphore(cores())


def picture(file: Path, digest: str, kind: str) -> bytes:
    """The photo as a JPEG, at most SIZES[kind] pixels on a side, turned as its EXIF says, without metadata.

    Args:
        file: the photo.
        digest: the SHA-256 of its bytes, as the run knows it; "" if it does not, and then nothing is kept.
        kind: thumb or photo.

    Raises:
        Refused: 404, the photo is no longer there or cannot be read.
    """
    side = SIZES[kind]
    keep = digest.isalnum() and kind == "thumb"
    kept = cache.folder("thumbnails") / digest[:2] / f"{digest}-{side}.jpg" if keep else None
    if kept is not None and kept.is_file():
        return kept.read_bytes()
    try:
        with _at_once:
            image = decode_guarded(file, target=side // 2).image
            image.thumbnail((side, side))
            content = as_jpeg(image, 80 if kind == "thumb" else 86)
    except Undecodable as error:
        raise Refused(404, f"The photo is no longer there, or can no longer be read: {error.detail}.") from None
    if kept is not None:
        _keep(kept, content)
    return content


def _keep(path: Path, content: bytes) -> None:
    """Renamed into place; not flushed, since it can always be made again."""
    draft = path.with_name(f".{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:  # a full or read-only cache only costs time
        draft.unlink(missing_ok=True)
