"""What runs on Ray's workers: the one predictor, held as long as the worker lives, over one part after the other.

Pixels never leave the worker: a part goes in as a number and comes out as a file, so that nothing but small rows passes
through Ray's store. A part is written whole or not at all, and scoring one again gives the same rows; so Ray may give a
part to another worker when one dies, and nothing but that part is done twice.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sightline.data.decoding.inputs import Photos
from sightline.errors import SightlineError
from sightline.predictor import Predictor
from sightline.scale import job as jobs
from sightline.scale.listing import opened, part
from sightline.scale.photos import photos
from sightline.scale.places import place
from sightline.version import __version__

Files = Mapping[str, bytes]
"""A model folder, as it is handed to the workers: name -> content."""


def settle(files: Files, device: str, count: int, threads: int) -> tuple[str, str, str, int]:
    """What a worker finds fastest: version of Sightline, device, engine and photos at once.

    Args:
        files: the model folder.
        device: auto, cpu, cuda, mps.
        count: how many photos are to come.
        threads: cores of a worker.
    """
    _limit(threads)
    with tempfile.TemporaryDirectory() as held:
        engine = Predictor.load(unpacked(files, Path(held)), device, photos=count).engine
    return __version__, engine.device, engine.name, engine.batch


class Scorer:
    """Scores parts. Made once in each worker; called with a batch of part numbers, as Ray Data does."""

    def __init__(self, handed: Any, job: str, out: str) -> None:
        """
        Args:
            handed: the model folder and the bytes of listing.parquet, or where they are in Ray's store.
            job: job.json.
            out: the address of the job's folder.
        """
        if not isinstance(handed, tuple):
            import ray

            handed = ray.get(handed)
        files, listing = handed
        self.job = jobs.Job.parse(job.encode(), "job.json")
        _limit(self.job.cores)
        with tempfile.TemporaryDirectory() as held:
            self.predictor = Predictor.load(
                unpacked(files, Path(held)), self.job.device, settled=(self.job.engine, self.job.batch)
            )
        self.predictor.threads = self.job.cores
        self.out, self.root, self.listing = place(out), place(self.job.root), opened(listing)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        """Score parts, and say what became of each: number, rows, unreadable, and a problem, which is "" for none."""
        rows: dict[str, list[Any]] = {"number": [], "rows": [], "unreadable": [], "bytes": [], "problem": []}
        for number in map(int, batch["number"]):
            problem = ""
            try:
                made = self.score(number)
            except SightlineError as error:  # said by the driver, which stops the job
                problem, made = str(error), jobs.Part(name="", rows=0, unreadable=0, bytes=0)
            for name, value in (("number", number), ("problem", problem)):
                rows[name].append(value)
            for name in ("rows", "unreadable", "bytes"):
                rows[name].append(getattr(made, name))
        return {
            name: np.array(values, dtype=object if name == "problem" else np.int64) for name, values in rows.items()
        }

    def score(self, number: int) -> jobs.Part:
        """Score one part and write its file."""
        found = photos(self.job.kind, self.root, part(self.listing, number))
        tables = list(self.predictor.stream(Photos(found, None)))
        table = pd.concat(tables, ignore_index=True) if tables else self.predictor.predict([])
        return jobs.write_part(self.out, number, table, self.job.classes)


def packed(folder: Path) -> dict[str, bytes]:
    """A model folder as it is handed to the workers."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def unpacked(files: Files, folder: Path) -> Path:
    """A model folder again, on the worker's disk."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _limit(threads: int) -> None:
    """Keep to the worker's share of the cores: torch by its threads, all else by what the system lets it use."""
    import torch

    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)
