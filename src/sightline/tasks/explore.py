"""A dataset -> a page and a table that show it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.data.augment.specs import spec_of
from sightline.data.decoding.deep import FULL
from sightline.data.glimpse import thumbnails
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.data.table import Dataset
from sightline.errors import SightlineError
from sightline.report import explore as page
from sightline.system import html
from sightline.system.files import require_writable
from sightline.system.marker import mark

_SHOWN, _SIDE = 12, 96  # classes with a photo in a notebook, pixels of their thumbnails


@dataclass(frozen=True)
class Explored:
    """What was seen, and the page that shows it.

    Attributes:
        dataset: the dataset after preflight.
        found: what explore.json holds.
        page: the path of explore.html.
    """

    dataset: Dataset
    found: dict[str, Any]
    page: Path

    @property
    def headline(self) -> str:
        """How many photos there are, and how many files cannot be used, in one line."""
        left_out = int((self.dataset.problems["action"] == "left out").sum())
        photos, classes = len(self.dataset.samples), len(self.dataset.classes)
        files = "1 file" if left_out == 1 else f"{left_out:,} files"
        return f"{photos:,} photos in {classes} classes; {files} cannot be used."

    def __repr__(self) -> str:
        return f"Explored({self.headline.rstrip('.')}, {str(self.page)!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: how many photos of what, one of each class, and the files with a problem."""
        counts = self.dataset.counts().rename(columns={"": "photos"})
        kinds = html.table(["class", *counts.columns], counts.itertuples())
        problems = self.dataset.problems[["path", "problem", "action"]].head(_SHOWN)
        bad = html.table(list(problems.columns), problems.itertuples(index=False)) if len(problems) else ""
        first = self.dataset.samples.groupby("label", sort=True).head(1).head(_SHOWN)
        photos = [(str(row.path), str(row.label)) for row in first.itertuples()]
        shown = html.pictures(thumbnails(self.dataset.root, photos, _SIDE, self.found["white"] or FULL))
        return html.lines(self.headline, f"Page: {self.page}") + kinds + shown + bad


def explore(
    data: str | Path,
    out: str | Path | None = None,
    *,
    augment: str | None = None,
    weights: str | Path | None = None,
    img_size: int = 150,
    workers: int | None = None,
    images: str | Path | None = None,
) -> Explored:
    """Look at a dataset and write explore.html and explore.json. The data is never changed.

    Args:
        data: in any form that `train` takes.
        out: the folder for the results; None: explore-NAME in the current folder.
        augment: also show photos before and after this augmentation preset.
        weights: a timm local folder, whose features group the photos in the variety view; None: colours and edges do.
        img_size: pixels on a side at which the photos are looked at.
        workers: processes that decode; None: one for each core.
        images: the folder that the paths of a manifest are relative to.

    Raises:
        UsageError: there is no such augmentation preset.
        SightlineError: no photo can be read.
    """
    if out is not None:
        require_writable(out, folder=True)
    if augment is not None:
        spec_of(augment)
    dataset = open_dataset(str(data), images)
    folder = Path(out) if out is not None else Path(f"explore-{dataset.name}")
    dataset, pixels = preflight(dataset, img_size, workers=workers)
    if not len(dataset.samples):
        raise SightlineError(f"{data}: none of its {len(dataset.problems):,} files can be read as a photo.")
    features = None
    if weights is not None:
        from sightline.training.features import features_from

        features = features_from(weights, pixels, list(dataset.samples["digest"]))
    mark(folder, "what explore saw")
    found = page.write(dataset, pixels, folder, embeddings=features, augment=augment)
    return Explored(dataset, found, folder / "explore.html")
