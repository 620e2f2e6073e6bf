"""The white of a dataset's 16-bit photos: the smallest of the usual ones that none of them exceeds (see `deep`).

It is looked for before anything is decoded, since every photo is scaled by it. Files of other kinds cost a look at
their first bytes; the search ends at the first photo that uses all 16 bits, and what it found is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sightline.data.decoding import deep
from sightline.data.decoding.deep import FULL, WHITES, White
from sightline.data.decoding.opening import file_format
from sightline.data.decoding.quarantine import peak_guarded
from sightline.data.decoding.regular import Undecodable, head
from sightline.data.decoding.signatures import HEADER_BYTES
from sightline.system import cache, regular
from sightline.system.files import replacing
from sightline.system.processes import cores
from sightline.system.progress import track

_VERSION = 1  # raise it when the search finds something else
_AT_ONCE = 32  # photos between two steps of the progress bar
_MOST_BYTES = 100


def white_of(photos: Sequence[tuple[str, str]]) -> White | None:
    """The white of some photos; None where none has 16-bit samples whose file leaves it open.

    Args:
        photos: path and SHA-256 of each.
    """
    parts = [photos[start : start + _AT_ONCE] for start in range(0, len(photos), _AT_ONCE)]
    with ThreadPoolExecutor(max(4, cores())) as threads:
        candidates = [photo for some in threads.map(_that_may_be_deep, parts) for photo in some]
    if not candidates:
        return None
    lines = [str(_VERSION), *sorted(digest for _, digest in candidates)]
    path = cache.root() / "white" / hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
    try:
        kept = regular.read(path, _MOST_BYTES).decode("ascii", "replace")
    except regular.Unreadable:
        kept = ""
    known = {str(white): white for white in WHITES} | {"none": None}
    if kept in known:
        cache.touch(path)
        return known[kept]
    found = _search([path for path, _ in candidates])
    with cache.sparing("The white of 16-bit photos is"), replacing(cache.folder("white") / path.name) as draft:
        draft.write_text(str(found or "none"), encoding="ascii")
    return found


def said(white: int | None) -> str:
    """The white of 16-bit photos in words; "" where they use all 16 bits, or there are none."""
    if white is None or white == FULL:
        return ""
    return f"The 16-bit photos use {deep.bits(white)} bits: white is {white:,}."


def _search(paths: Sequence[str]) -> White | None:
    found = 0
    with track("Looking for the white of 16-bit photos", len(paths)) as advance, ThreadPoolExecutor(cores()) as threads:
        for start in range(0, len(paths), _AT_ONCE):
            part = paths[start : start + _AT_ONCE]
            found = max(found, *threads.map(_peak, part))
            if found and deep.white_for(found) == FULL:  # no photo can change that any more
                advance(len(paths) - start)
                break
            advance(len(part))
    return deep.white_for(found) if found else None


def _that_may_be_deep(photos: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    found = []
    for path, digest in photos:
        with suppress(Undecodable):  # the preflight will name it
            start = head(path, HEADER_BYTES)
            if deep.may_be(start, file_format(start, path)):
                found.append((path, digest))
    return found


def _peak(path: str) -> int:
    try:
        return peak_guarded(path)
    except Undecodable:
        return 0
