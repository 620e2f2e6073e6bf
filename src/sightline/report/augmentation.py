"""What augmentation does to photos: a few of them before, and as a network would see them in some epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.report.page import Shown
from sightline.report.photos import Album

VARIANTS = 5


def changed(
    preset: str | Mapping[str, Any], squares: NDArray[np.uint8]
) -> tuple[dict[str, Any], list[list[NDArray[np.uint8]]]]:
    """The operations of a preset, and for each photo how it looks after them, VARIANTS times; the same every time.

    Args:
        preset: a name of `data.augment`, or a mapping of operations.
        squares: (n, S, S, 3).

    Raises:
        UsageError: there is no such preset or operation.
    """
    import torch  # only a preview needs it

    from sightline.data.augment.presets import build

    augment = build(preset if isinstance(preset, str) else dict(preset), squares.shape[1])
    batch = torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
    generator = torch.Generator().manual_seed(0)
    each = [augment(batch, generator) for _ in range(VARIANTS)]
    after = [
        [(one[i].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy() for one in each]
        for i in range(len(squares))
    ]
    return augment.spec, after


def preview(
    preset: str | Mapping[str, Any], chosen: Sequence[tuple[str, str]], album: Album, size: int
) -> Shown | None:
    """Photos of a run before and after the augmentation that it learned with; None where it changes nothing.

    Args:
        preset: of the run.
        chosen: (class, path) of training photos.
        album: where their pixels come from; those that are gone are left out.
        size: the side in pixels at which the network saw them.
    """
    known = [(label, path, album.pixels(path, size)) for label, path in chosen]
    there = [(label, path, pixels) for label, path, pixels in known if pixels is not None]
    if not there:
        return None
    spec, after = changed(preset, np.stack([pixels for _, _, pixels in there]))
    if not spec:
        return None
    rows = [
        {"label": label, "before": album.take(path, 150), "after": [album.show(path, square) for square in squares]}
        for (label, path, _), squares in zip(there, after, strict=True)
    ]
    return {"preset": preset if isinstance(preset, str) else "of this run", "spec": spec, "rows": rows}
