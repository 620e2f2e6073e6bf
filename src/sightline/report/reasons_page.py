"""The page of `sightline explain`: each photo, where the network looked, and the training photos it resembles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.report import page
from sightline.report.photos import Album, spotlight


def render(reasons: Sequence[dict[str, Any]], photos: Sequence[NDArray[np.uint8]], run: str, root: Path | None) -> str:
    """The page as HTML.

    Args:
        reasons: what `explain.explain` says of each photo, with its `path`.
        photos: each photo as the network saw it, (S, S, 3) uint8.
        run: the run's name.
        root: the folder of its dataset, where the neighbours' photos lie; None where it is not known.
    """
    album = Album(root)
    items = []
    for reason, pixels in zip(reasons, photos, strict=True):
        name = str(reason["path"])
        lit = spotlight(pixels, np.asarray(reason["heat"], dtype=np.float64))
        near = [(other, album.take(str(other["path"]), 128)) for other in reason["neighbours"]]
        items.append({**reason, "photo": album.show(name, pixels), "lit": album.show(name, lit), "near": near})
    sections = [(f"photo-{i}", Path(str(item["path"])).name) for i, item in enumerate(items, 1)]
    return page.render("reasons.html", title=f"Reasons of {run}", sections=sections, items=items, run=run)
