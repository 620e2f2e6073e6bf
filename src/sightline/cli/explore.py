"""sightline explore"""

from __future__ import annotations

from pathlib import Path

from sightline.cli.printing import Json, lines, print_json


def explore(
    data: str,
    *,
    images: Path | None = None,
    out: Path | None = None,
    augment: str | None = None,
    weights: Path | None = None,
    img_size: int = 150,
    workers: int | None = None,
    json: Json = False,
) -> None:
    """Look at a dataset: how many photos of what, their sizes, what varies in them, what cannot be read.

    Parameters
    ----------
    data
        A dataset, in any form that `train` takes.
    images
        The folder that the paths of a manifest are relative to. Default: its own, or the one in it that holds them.
    out
        The folder for explore.html and explore.json. Default: explore-NAME.
    augment
        Also show photos before and after this augmentation preset.
    weights
        A timm local folder: its features group the photos in the variety view. Default: colours and edges do.
    img_size
        Pixels on a side at which the photos are looked at.
    workers
        Processes that decode photos; default: one for each core.
    json
        The content of explore.json on stdout.
    """
    from sightline.data.white import said
    from sightline.tasks.explore import explore as look

    seen = look(data, out, augment=augment, weights=weights, img_size=img_size, workers=workers, images=images)
    if json:
        print_json(seen.found)
        return
    white = said(seen.found["white"])
    lines(seen.headline, *([white] if white else []), f"Open {seen.page}")
