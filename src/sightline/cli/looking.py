"""sightline explore"""

from __future__ import annotations

from pathlib import Path

from sightline.cli.app import Json, app, lines, print_json
from sightline.errors import SightlineError


@app.command
def explore(
    data: str,
    *,
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
    from sightline.data.preflight import preflight
    from sightline.data.sources import open_dataset
    from sightline.report import explore as page

    dataset = open_dataset(data)
    folder = out or Path(f"explore-{dataset.name}")
    dataset, pixels = preflight(dataset, img_size, workers=workers)
    if not len(dataset.samples):
        raise SightlineError(f"{data}: none of its {len(dataset.problems):,} files can be read as a photo.")
    features = None
    if weights is not None:
        from sightline.training.features import features_from

        features = features_from(weights, pixels, list(dataset.samples["digest"]))
    found = page.write(dataset, pixels, folder, embeddings=features, augment=augment)
    if json:
        print_json(found)
    else:
        left_out = int((dataset.problems["action"] == "left out").sum())
        lines(
            f"{len(dataset.samples):,} photos in {len(dataset.classes)} classes; {left_out:,} files cannot be used.",
            f"Open {(folder / 'explore.html')}",
        )
