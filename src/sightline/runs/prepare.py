"""DATA and the choices about it -> checked photos, each on its side of the split. Nothing here looks at a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.checks.decisions import apply_decisions, read_decisions
from sightline.checks.duplicates_cache import known_duplicates
from sightline.config import Config, Fit
from sightline.data.decoding.deep import FULL
from sightline.data.pixels import Pixels
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.data.table import Dataset, printable
from sightline.data.usable import require_usable
from sightline.data.white import said
from sightline.errors import SightlineError, UsageError
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.folder import RunFolder
from sightline.splits.carry import carry
from sightline.splits.split import require_possible, split
from sightline.system import cache
from sightline.system.progress import note

_SAID = ("no split", "folds", "own output")  # problems that a person must hear of before any work


@dataclass(frozen=True)
class Data:
    """What a training may see: pixels with labels, and which of them are for training and which for choosing."""

    pixels: Pixels
    labels: np.ndarray  # (N,) class numbers
    digests: list[str]  # SHA-256 of each photo's file
    train: np.ndarray  # row numbers
    val: np.ndarray


@dataclass(frozen=True)
class Prepared:
    """Photos ready to train on. `dataset.samples` has split and duplicate_group; pixels[i] belongs to row i."""

    dataset: Dataset
    pixels: Pixels
    facts: DatasetFacts

    @property
    def labels(self) -> np.ndarray:
        """(N,) class numbers."""
        return pd.Categorical(self.dataset.samples["label"], categories=list(self.dataset.classes)).codes.astype(
            np.int64
        )

    def rows(self, split: str) -> np.ndarray:
        """The row numbers of one split."""
        return np.flatnonzero(self.dataset.samples["split"].to_numpy() == split)

    @property
    def digests(self) -> list[str]:
        """The SHA-256 of each photo's file."""
        return list(self.dataset.samples["digest"])

    def data(self, train: np.ndarray | None = None, val: np.ndarray | None = None) -> Data:
        """What a training may see.

        Args:
            train: rows to learn from; None: those of the split.
            val: rows to choose on; None: those of the split.
        """
        train = self.rows("train") if train is None else train
        val = self.rows("val") if val is None else val
        return Data(self.pixels, self.labels, self.digests, train, val)


def open_data(config: Config) -> Dataset:
    """The dataset that `config` names, with the person's decisions applied; not yet decoded.

    What its listing tells is checked at once, before a network is built or a folder made.

    Raises:
        UsageError: no dataset is named, or there is none of this name.
        SightlineError: it cannot be read, the decisions do not fit it, or nothing can be trained on it.
    """
    if not config.data:
        raise UsageError(
            "No DATA given: a folder of photos, a manifest, an archive, or a name from `sightline datasets`."
        )
    dataset = open_dataset(config.data, config.images)
    if config.decisions:
        dataset = apply_decisions(dataset, read_decisions(config.decisions))
    if dataset.set_aside:
        note(f"Left aside, because it is not labelled: {', '.join(dataset.set_aside)}")
    for row in dataset.problems[dataset.problems["problem"].isin(_SAID)].itertuples():
        note(f"{row.path}: {row.detail}")
    require_usable(dataset)
    if not config.continues:
        require_possible(dataset.samples, per_class=config.per_class, folds=config.folds, seed=config.split_seed)
    return dataset


def prepare(dataset: Dataset, config: Config, size: int, fit: Fit = "crop") -> Prepared:
    """Decode every photo once, find duplicates, split; duplicates and groups stay on one side.

    Args:
        dataset: as `open_data` gave it.
        config: the split seed, photos per class, and the run that this one goes on from.
        size: the side in pixels that photos are brought to.
        fit: how they are made square.

    Raises:
        SightlineError: the photos do not make a dataset that can be trained on.
    """
    given = bool((dataset.samples["split"] != "").any())
    earlier = RunFolder.open(config.continues) if config.continues else None
    before = earlier.dataset() if earlier else None
    # What a network has learned of 16-bit photos holds for their white: going on from it keeps that.
    dataset, pixels = preflight(dataset, size, fit, before.white if before else None, workers=config.workers or None)
    require_usable(dataset)
    if said(pixels.white):
        note(said(pixels.white))
    left_out = dataset.problems[dataset.problems["action"] == "left out"]
    if len(left_out):
        first, many = left_out.iloc[0], "s" * (len(left_out) > 1)
        note(
            f"{len(left_out):,} file{many} left out, the first: {first['path']} ({first['problem']})."
            " The report lists them."
        )
    duplicates = known_duplicates(dataset.samples, pixels)
    samples = dataset.samples.assign(duplicate_group=duplicates.groups)
    if earlier is not None:
        sides = carry(earlier.samples(), samples, duplicates.groups, seed=config.split_seed)
    else:
        sides = split(samples, duplicates.groups, seed=config.split_seed, per_class=config.per_class)
    samples = samples.assign(split=np.asarray(sides))
    dataset = dataset.replace(samples=samples)
    facts = _facts(dataset, given).model_copy(update={"white": pixels.white})
    if facts.leaks:
        test = int((samples["split"] == "test").sum())
        note(f"Warning: {facts.leaks:,} of {test:,} test photos also stand in training or validation.")
    return Prepared(dataset, pixels, facts)


def as_split(run: RunFolder, data: str | Path | None = None) -> Dataset:
    """The photos of a run as it noted them; none is opened.

    Args:
        run: has its samples already.
        data: the folder that they are in now, if they were moved.

    Raises:
        UsageError: `data` is no folder.
        SightlineError: the run is damaged, or its photos are no longer where they were.
    """
    described, samples = run.known_dataset(), run.samples()
    root = _root(run, described) if data is None else Path(data).expanduser().resolve()
    if data is not None and not root.is_dir():
        raise UsageError(f"--data {data}: no such folder. Give the one that the photos of {run.path} are in now.")
    return Dataset(
        name=described.name,
        root=root,
        samples=samples,
        classes=described.classes,
        problems=run.problems(),
        set_aside=described.set_aside,
    )


def reopen(
    run: RunFolder,
    size: int,
    fit: Fit = "crop",
    data: str | Path | None = None,
    *,
    workers: int | None = None,
) -> Prepared:
    """The photos of a run as it split them.

    Args:
        run: has its samples already.
        size: the side in pixels that photos are brought to.
        fit: how they are made square.
        data: the folder that they are in now, if they were moved; the run then remembers it.
        workers: processes that decode; None: one for each core.

    Raises:
        SightlineError: photos have changed or gone since.
    """
    described, dataset = run.known_dataset(), as_split(run, data)
    root, samples = dataset.root, dataset.samples
    kept = ["path", "label", "split", "group"]
    if not len(samples) or not {*kept, "digest", "duplicate_group"} <= set(samples):
        raise SightlineError(f"{run.path / 'samples.parquet'}: is damaged: it does not say what is needed to go on.")
    unchecked = dataset.replace(samples=samples[kept], problems=dataset.problems.iloc[:0])
    again, pixels = preflight(unchecked, size, fit, described.white or FULL, workers=workers)
    if list(again.samples["digest"]) != list(samples["digest"]):
        now = dict(zip(again.samples["path"], again.samples["digest"], strict=True))
        changed = [p for p, digest in zip(samples["path"], samples["digest"], strict=True) if now.get(p) != digest]
        raise SightlineError(
            f"{dataset.root}: {len(changed):,} photos changed or went since {run.path} began, first {changed[0]}.\n"
            "Put them back, or start a new run (--from keeps what this one has learned)."
        )
    if root != described.folder:
        described = described.model_copy(update={"root": printable(str(root))})
        run.remember_dataset(described)
    return Prepared(dataset, pixels, described)


def _root(run: RunFolder, described: DatasetFacts) -> Path:
    """The folder of a run's photos, unpacked again where it was in a cache that has been cleared since."""
    root = described.folder
    data = run.config().data
    if not root.is_dir() and data and root.is_relative_to(cache.root().resolve()):
        open_dataset(data)
    if not root.is_dir():
        raise SightlineError(
            f"{root}: the folder with the photos of {run.path} is gone. If it was moved, add --data and its new place."
        )
    return root


def _facts(dataset: Dataset, given: bool) -> DatasetFacts:
    samples = dataset.samples
    sizes = samples.groupby("duplicate_group")["path"].transform("size")
    train_groups = set(samples.loc[samples["split"] != "test", "duplicate_group"])
    leaked = (samples["split"] == "test") & samples["duplicate_group"].isin(train_groups)
    return DatasetFacts(
        name=printable(dataset.name),
        root=printable(str(dataset.root)),
        classes=dataset.classes,
        set_aside=dataset.set_aside,
        splits_given=given,
        duplicates=int((sizes > 1).sum()),
        duplicate_groups=int(samples.loc[sizes > 1, "duplicate_group"].nunique()),
        leaks=int(leaked.sum()),
        left_out=int((dataset.problems["action"] == "left out").sum()),
    )
