"""Photos for a page: small squares as data: addresses, within a budget, and a plain note where a photo is gone."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.config import Fit
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.fit import square
from sightline.data.decoding.quarantine import decode_guarded
from sightline.data.decoding.regular import Undecodable
from sightline.runs.folder import RunFolder

BUDGET = 3_800_000  # bytes of JPEG on a page; a third more as text keeps the page below 6 MB
QUALITY = 80
OUTLINE = (255, 176, 0)  # seen on light and dark by every kind of eye


@dataclass(frozen=True)
class Photo:
    """One photo on a page: `uri` is a data: address, or None with the reason in `missing`."""

    path: str
    uri: str | None
    width: int
    height: int
    missing: str = ""


class Album:
    """Fetches photos of one dataset, each once per size, until the page's budget is spent.

    Squares are made as for the network, so they show what it saw. Photos are never enlarged.
    """

    def __init__(
        self,
        root: Path | None,
        budget: int = BUDGET,
        fit: Fit = "crop",
        white: int = FULL,
    ) -> None:
        """
        Args:
            root: the dataset's folder; None where it is not known.
            budget: bytes of JPEG that the page may hold.
            fit: how photos are made square.
            white: of 16-bit ones (data/decoding/deep.py).
        """
        self.root = root
        self.left = budget
        self.fit, self.white = fit, white
        self._taken: dict[tuple[str, int, bool], Photo] = {}

    @classmethod
    def of_run(cls, run: RunFolder) -> Self:
        """Of a run's dataset, as its network saw it."""
        dataset = run.dataset()
        white = dataset.white if dataset else None
        return cls(dataset.folder if dataset else None, fit=run.config().fit or "crop", white=white or FULL)

    def take(self, path: str, size: int = 160, whole: bool = False) -> Photo:
        """The photo at `path` (relative to the root), at most `size` pixels on a side; never raises for a bad file.

        `whole` keeps its shape instead of cutting a square.
        """
        key = (path, size, whole)
        if key not in self._taken:
            pixels, missing = self._decoded(path, size, whole)
            self._taken[key] = Photo(path, None, size, size, missing) if pixels is None else self.show(path, pixels)
        return self._taken[key]

    def show(self, path: str, pixels: NDArray[np.uint8]) -> Photo:
        """Any picture (h, w, 3) uint8 as a Photo, counted against the budget."""
        height, width = pixels.shape[:2]
        if self.left <= 0:
            return Photo(path, None, width, height, "left out to keep this page small")
        content = jpeg(pixels)
        self.left -= len(content)
        return Photo(path, "data:image/jpeg;base64," + base64.b64encode(content).decode(), width, height)

    def pixels(self, path: str, size: int) -> NDArray[np.uint8] | None:
        """The square itself, (s, s, 3) uint8 with s at most `size`; None where it cannot be had."""
        return self._decoded(path, size)[0]

    def _decoded(self, path: str, size: int, whole: bool = False) -> tuple[NDArray[np.uint8] | None, str]:
        if self.root is None:
            return None, "the dataset's folder is not known"
        try:
            file = self.root.joinpath(*PurePosixPath(path).parts)
            if not file.exists():
                return None, "the photo is no longer there"
            decoded = decode_guarded(file, target=size, white=self.white)
            if whole:
                decoded.image.thumbnail((size, size))
                return np.array(decoded.image), ""
            return square(decoded.image, min(size, *decoded.image.size), self.fit), ""
        except (Undecodable, OSError, ValueError):  # a name too long, or with a zero byte, is a ValueError or OSError
            return None, "the photo cannot be read"


def jpeg(pixels: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """(h, w, 3) uint8 as a JPEG without metadata."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def spotlight(pixels: NDArray[np.uint8], heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A photo with the places that mattered in full light, outlined where the heat is at least one half.

    Light, not a rainbow laid over the photo: what was looked at stays to be seen, also by the colour-blind.

    Args:
        pixels: (h, w, 3). heat: (rows, columns) of any size, 0 (did not matter) to 1; stretched over the photo.
    """
    height, width = pixels.shape[:2]
    grid = Image.fromarray(np.nan_to_num(heat).clip(0, 1).astype(np.float32))
    hot = np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)).clip(0, 1)
    light = hot[..., None] ** 0.7
    photo = pixels.astype(np.float32)
    grey = photo.mean(axis=2, keepdims=True) * 0.3 + 18
    lit: NDArray[np.uint8] = (grey * (1 - light) + photo * light).round().astype(np.uint8)
    inside = core = hot >= 0.5
    for _ in range(max(1, width // 90)):  # the outline keeps its width on a larger picture
        near = np.pad(core, 1, mode="edge")
        core = core & near[:-2, 1:-1] & near[2:, 1:-1] & near[1:-1, :-2] & near[1:-1, 2:]
    lit[inside & ~core] = OUTLINE
    return lit
