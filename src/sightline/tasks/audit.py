"""The whole audit: every check over one dataset, its findings as tables, and the page on which a person decides."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from sightline.checks import findings
from sightline.checks.balance import check_balance
from sightline.checks.copies import check_copies
from sightline.checks.crossfit import compact
from sightline.checks.duplicates_cache import known_duplicates
from sightline.checks.files import check_files, check_quality
from sightline.checks.labels import check_labels
from sightline.checks.outliers import check_outliers
from sightline.checks.shapes import cropped
from sightline.checks.summary import sentences
from sightline.config import Fit
from sightline.data.decoding.deep import FULL
from sightline.data.glimpse import thumbnails
from sightline.data.pixels import Pixels
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.data.table import Dataset
from sightline.data.white import said
from sightline.errors import SightlineError, UsageError
from sightline.models import sources
from sightline.models.folder import member, members_in
from sightline.report import audit_page
from sightline.runs.folder import RunFolder
from sightline.system import html
from sightline.system.files import require_free, write_table
from sightline.system.marker import mark
from sightline.training.features import features_from

SIZE = 192
"""Pixels on a side at which photos are compared and shown to the network."""
_SHOWN, _SIDE = 8, 128  # findings in a notebook, pixels of their thumbnails
_MODEL = 0x0110  # the EXIF tag that names the camera

WEAKER = "judged by the run's own network, which was trained on these labels: weaker evidence"
BLIND = (
    "Labels and outliers were not checked, because no pretrained network is here: "
    "add --weights with pretrained weights, or --run with a run."
)


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        dataset: the dataset after preflight.
        findings: the table that findings.csv holds.
        summary: what it says, in sentences.
        page: the path of audit.html.
    """

    dataset: Dataset
    findings: pd.DataFrame
    summary: list[str]
    page: Path
    white: int = FULL
    """Of 16-bit photos."""

    def __repr__(self) -> str:
        flagged = int(self.findings["flagged"].sum())
        return f"Audit({len(self.dataset.samples):,} photos, {flagged:,} flagged findings, {str(self.page)!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the summary, and the worst findings with a thumbnail of each."""
        worst = self.findings[self.findings["flagged"]].head(_SHOWN)
        columns = ["check", "path", "label", "detail"]
        named = [(str(row.path), str(row.check)) for row in worst.itertuples()]
        photos = thumbnails(self.dataset.root, named, _SIDE, self.white)
        said = html.lines(repr(self), *self.summary, f"Decide on {self.page}")
        return said + html.table(columns, worst[columns].itertuples(index=False)) + html.pictures(photos)


def audit(
    data: str | Path,
    out: str | Path | None = None,
    *,
    weights: str | Path | None = None,
    run: str | Path | None = None,
    img_size: int | None = None,
    device: str = "auto",
    workers: int | None = None,
    images: str | Path | None = None,
) -> Audit:
    """Check a dataset and write findings.csv, findings.parquet and audit.html into `out`. The data is never changed.

    Args:
        data: in any form that `train` takes.
        out: a folder, new or empty; None: audit-NAME in the current folder.
        weights: pretrained weights for the label and outlier checks; None: those in the box.
        run: use the pretrained weights that this run began with; where they are gone, its own network.
        img_size: pixels on a side. Default: 192, or what the run was trained at if its own network judges.
        device: where the network runs.
        workers: processes that decode; default one for each core.
        images: the folder that the paths of a manifest are relative to.

    Raises:
        UsageError: `out` is not empty, or both `weights` and `run` were given.
        SightlineError: no photo can be read.
    """
    out = Path(out) if out is not None else _folder_for(data)
    require_free(out)
    if weights is not None and run is not None:
        raise UsageError("--weights and --run: give one of the two.")
    judge = _judge_of(RunFolder.open(run)) if run is not None else _judge(weights)
    own, fit = (judge.size, judge.fit) if judge else (SIZE, "crop")
    size = own if img_size is None else img_size
    dataset, pixels = preflight(open_dataset(str(data), images), size, fit, workers=workers)
    if not len(dataset.samples):
        raise SightlineError(f"{data}: none of its {len(dataset.problems):,} files can be read as a photo.")
    features, weaker = None, judge.weaker if judge else ""
    if judge is not None:
        digests = list(dataset.samples["digest"])
        features = features_from(judge.weights, pixels, digests, device=device, name=judge.name, deep=True)
    dataset = dataset.replace(samples=dataset.samples.assign(camera=_cameras(dataset)))
    found = check(dataset, pixels, features, weaker=weaker)
    notes: tuple[str, ...] = (BLIND,) if features is None else (f"The labels were {weaker}.",) if weaker else ()
    lost = cropped(dataset.samples)
    notes += (lost.sentence,) if lost and lost.sentence and fit == "crop" else ()
    notes += (said(pixels.white),) if said(pixels.white) else ()
    mark(out, "an audit")
    write_table(out / "findings.csv", found)
    write_table(out / "findings.parquet", found)
    page = audit_page.write(dataset, pixels, found, out, notes=notes)
    return Audit(dataset, found, [*sentences(found, dataset.samples), *notes], page, pixels.white or FULL)


def _folder_for(data: str | Path) -> Path:
    """Where the results go if no folder is named: audit-NAME in the current folder."""
    name = str(data).rstrip("/").replace(":", "/").rsplit("/", 1)[-1]
    return Path(f"audit-{name or 'data'}")


def check(
    dataset: Dataset, pixels: Pixels, features: NDArray[np.floating] | None = None, *, weaker: str = ""
) -> pd.DataFrame:
    """All checks over arrays and tables; labels and outliers only with `features` (n, F).

    Args:
        dataset: after preflight.
        pixels: its photos, pixels[i] of sample i.
        features: of a network, best one that was not trained on these labels.
        weaker: said with each finding on labels, if it was.
    """
    samples, classes = dataset.samples, list(dataset.classes)
    duplicates = known_duplicates(samples, pixels)
    parts = [
        check_files(dataset.problems),
        check_copies(samples, duplicates),
        check_quality(samples, pixels),
        check_balance(samples, classes),
    ]
    if features is not None:
        parts.append(check_labels(samples, classes, features, duplicates.groups, weaker=weaker)[0])
        parts.append(check_outliers(samples, compact(features), duplicates.groups))
    return findings.joined(parts)


@dataclass(frozen=True)
class _Judge:
    """The network that judges labels."""

    weights: Path | None = None  # None: wherever those of `name` can be had
    name: str | None = None  # None: what the weights say, else the network in the box
    weaker: str = ""  # said of its findings, where it has learned from these very labels
    size: int = SIZE  # pixels on a side
    fit: Fit = "crop"


def _judge(weights: str | Path | None) -> _Judge | None:
    """The network in these weights, or else the one in the box; None where there is no such thing."""
    if weights is not None:
        return _Judge(Path(weights))
    return _Judge() if _can_be_had(None) else None


def _judge_of(run: RunFolder) -> _Judge:
    """The network that a run began with, if that never saw these labels and is still to be had; else its own."""
    config = run.config()
    fit = config.fit or "crop"
    if config.weights and Path(config.weights).exists():
        return _Judge(Path(config.weights), fit=fit)
    began_elsewhere = config.weights or config.continues or config.scratch
    if config.model and not began_elsewhere and _can_be_had(config.model):
        return _Judge(name=config.model, fit=fit)
    own = run.model if members_in(run.model) == 1 else member(run.model, 1)
    return _Judge(own, weaker=WEAKER, size=config.img_size or SIZE, fit=fit)


def _can_be_had(name: str | None) -> bool:
    try:
        sources.resolve(name)
    except SightlineError:
        return False
    return True


def _cameras(dataset: Dataset) -> Sequence[str]:
    """The camera that each photo names, "" for none; only headers are read."""

    def camera(path: str) -> str:
        try:
            with Image.open(dataset.root / path) as image:
                return str(image.getexif().get(_MODEL, "")).strip("\0 ")
        except Exception:  # whatever a strange header does, it names no camera
            return ""

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        return list(threads.map(camera, dataset.samples["path"]))
