"""How bright a 16-bit photo gets, where its file does not say what white is (see `deep`). Runs where decoders run."""

from __future__ import annotations

import os
from pathlib import Path

from sightline.data.decoding import deep
from sightline.data.decoding.opening import MAX_PIXELS, file_format, named, opened, require_size
from sightline.data.decoding.quiet import quiet
from sightline.data.decoding.regular import read
from sightline.data.decoding.screen import screened
from sightline.data.decoding.signatures import HEADER_BYTES


def peak(path: Path | str) -> int:
    """The largest value of a photo's 16-bit colours where its file does not say what white is; 0 for other photos.

    Raises:
        Undecodable: the picture cannot be had.
    """
    data = read(path)
    fmt = file_format(data[:HEADER_BYTES], os.fspath(path))
    if not deep.may_be(data[:32], fmt):
        return 0
    with quiet, named(data, fmt):
        picture = screened(data, fmt).data
        image = opened(picture, fmt)
        require_size(*image.size, MAX_PIXELS)
        if deep.says_white(image):
            return 0
        colour = deep.is_colour(image)
        image.load()
        values = deep.samples(image, colour, lambda: opened(picture, fmt))
        return 0 if values is None else int(deep.opaque(values).max())
