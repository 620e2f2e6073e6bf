"""The page of `sightline explain`: each photo, where the network looked, and the training photos it resembles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.config import Fit
from sightline.data.decoding.deep import FULL
from sightline.judging.heat import Reason
from sightline.report import page
from sightline.report.photos import Album, spotlight


def render(
    reasons: Sequence[tuple[str, Reason]],
    photos: Sequence[NDArray[np.uint8]],
    run: str,
    root: Path | None,
    fit: Fit = "crop",
    white: int = FULL,
) -> str:
    """The page as HTML.

    Args:
        reasons: the path of each photo, and what `heat.explain` says of it.
        photos: each photo as the network saw it, (S, S, 3) uint8.
        run: the run's name.
        root: the folder of its dataset, where the neighbours' photos lie; None where it is not known.
        fit: how the network is shown photos.
        white: of 16-bit ones.
    """
    album = Album(root, fit=fit, white=white)
    items = []
    for (name, reason), pixels in zip(reasons, photos, strict=True):
        lit = spotlight(pixels, np.asarray(reason.heat, dtype=np.float64))
        near = [(other, album.take(other.path, 128)) for other in reason.neighbours]
        shown = {"path": name, "photo": album.show(name, pixels), "lit": album.show(name, lit), "near": near}
        items.append({**vars(reason), **shown})
    sections = [(f"photo-{i}", Path(name).name) for i, (name, _) in enumerate(reasons, 1)]
    return page.render("reasons.html", title=f"Reasons of {run}", sections=sections, items=items, run=run)
