"""A few photos, spread over the dataset, looked at before all of them are: how large they are, what they look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from sightline.config import Fit
from sightline.data.decoding.opening import NO_MEMORY
from sightline.data.decoding.quarantine import dimensions_guarded, square_guarded
from sightline.data.decoding.regular import Undecodable
from sightline.data.table import Dataset
from sightline.errors import SightlineError
from sightline.system.thinning import evenly

T = TypeVar("T")


def guess_size(dataset: Dataset) -> tuple[int, int]:
    """Median width and height in pixels, from the headers of at most 200 photos.

    Raises:
        SightlineError: none of them can be read.
    """
    width, height = np.median(np.array(_some(dataset, 200, dimensions_guarded)), axis=0)
    return int(width), int(height)


def sample_pixels(dataset: Dataset, size: int, fit: Fit = "crop", most: int = 64) -> np.ndarray:
    """Some photos as (n, S, S, 3) uint8, to try engines on; of 16 bits each with a white of its own.

    Args:
        dataset: as it was read.
        size: side of the squares in pixels.
        fit: how the photos are made square.
        most: how many, at the utmost.

    Raises:
        SightlineError: none of them can be read.
    """
    return np.stack(_some(dataset, most, lambda path: square_guarded(path, size, fit, white=None)))


def thumbnails(
    root: Path, photos: Iterable[tuple[str, str]], side: int, white: int
) -> Iterator[tuple[np.ndarray, str]]:
    """Some photos, whole and small, each with its caption; those that can no longer be read are left out.

    Args:
        root: the dataset's folder.
        photos: path below it and caption of each.
        side: pixels.
        white: of 16-bit ones (see `deep`).

    Yields:
        (side, side, 3) uint8, and the caption.
    """
    for path, caption in photos:
        with suppress(Undecodable):
            yield square_guarded(root / path, side, "pad", white), caption


def _some(dataset: Dataset, most: int, look: Callable[[Path], T]) -> list[T]:
    paths = dataset.samples["path"]
    found: list[T] = []
    first: Undecodable | None = None
    for number in evenly(len(paths), most):
        try:
            found.append(look(dataset.root / paths.iloc[number]))
        except Undecodable as error:
            first = first or error  # the preflight will name it
    if not found and first is not None and first.detail == NO_MEMORY:
        raise SightlineError(
            "There is not enough memory to unpack a single photo. Free some, or raise the limit set on this process."
        )
    if not found:
        why = f" (the first: {first})" if first is not None else ""
        raise SightlineError(
            f"{dataset.root}: none of the photos looked at could be read{why}. Is this the right folder?"
        )
    return found
