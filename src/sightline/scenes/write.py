"""The embedded demo set: six kinds of scene, drawn from random numbers. Nothing to download, nothing to licence.

`draw` makes one scene; `write_scenes` a folder of them, with known faults planted on request. How each kind is drawn
stands in `drawing/`, the faults in `faults.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.errors import SightlineError, UsageError
from sightline.scenes.drawing import render
from sightline.scenes.drawing.off_topic import KINDS, off_topic
from sightline.scenes.drawing.render import CLASSES, draw
from sightline.scenes.faults import Faults, Planted, plant
from sightline.system import processes
from sightline.system.processes import cores
from sightline.system.progress import track

__all__ = ["CLASSES", "KINDS", "Faults", "Planted", "draw", "off_topic", "write_scenes"]

_CHUNK = 12  # scenes drawn between two steps of the progress display
_FEW = 60  # so few are drawn sooner than other processes have started


def write_scenes(
    root: str | Path,
    per_class: int = 300,
    size: int = 96,
    seed: int = 0,
    faults: Faults | None = None,
    *,
    splits: Mapping[str, float] | None = None,
    workers: int | None = None,
) -> Planted:
    """Write a dataset of drawn scenes: `root/class/0000.jpg`, or `root/split/class/0000.jpg`.

    Args:
        root: a folder that does not exist yet or is empty.
        per_class: scenes of each class, before faults are planted.
        size: pixels on a side.
        seed: another seed gives other scenes throughout.
        faults: what to plant; None plants nothing.
        splits: share of each split, e.g. {"train": 0.7, "val": 0.15, "test": 0.15}; None writes no splits.
        workers: drawing processes; None takes one for each core.

    Returns:
        Exactly which files are faulty, and how.

    Raises:
        UsageError: the folder is not empty, or more faults are asked for than there are photos.
        SightlineError: the folder cannot be written.
    """
    root = Path(root)
    if per_class < 1 or seed < 0:
        raise UsageError(f"write_scenes takes per_class from 1 and seed from 0, not {per_class} and {seed}.")
    if root.is_dir() and any(root.iterdir()):
        raise UsageError(f"{root}: is not empty. Name a new folder for the scenes.")
    samples = pd.DataFrame(
        [(label, split, index) for label in CLASSES for index, split in enumerate(_assign(splits, per_class))],
        columns=["label", "split", "index"],
    )
    folders = samples["split"].where(samples["split"] == "", samples["split"] + "/") + samples["label"]
    samples["path"] = folders + "/" + samples["index"].map("{:04d}.jpg".format)
    try:
        for folder in sorted(set(folders)):
            (root / folder).mkdir(parents=True)
        jobs = [
            (str(root / path), label, seed * 1_000_000 + index)
            for path, label, index in zip(samples["path"], samples["label"], samples["index"], strict=True)
        ]
        _draw_all(jobs, size, workers)
    except OSError as error:
        raise SightlineError(f"{root}: the scenes could not be written ({error.strerror}).") from error
    return plant(root, samples[["path", "label", "split"]], faults or Faults(), seed)


def _assign(splits: Mapping[str, float] | None, count: int) -> list[str]:
    """The split of each scene of a class: a run of numbers for each, since the scenes are in no order anyway."""
    if not splits:
        return [""] * count
    ends = np.round(np.cumsum(list(splits.values())) / sum(splits.values()) * count).astype(int)
    names = list(splits)
    return [names[int(np.searchsorted(ends, index, side="right"))] for index in range(count)]


def _draw_all(jobs: list[tuple[str, str, int]], size: int, workers: int | None) -> None:
    workers = workers or cores()
    # Classes differ in how long they take; dealt out in turn, each chunk takes about as long as the next.
    step = max(1, len(jobs) // _CHUNK)
    chunks = [jobs[start::step] for start in range(step)]
    with track("Drawing scenes", total=len(jobs)) as advance:
        if workers == 1 or len(jobs) < _FEW:
            for chunk in chunks:
                advance(render.write(chunk, size))
            return
        with ProcessPoolExecutor(workers, mp_context=processes.context(render.__name__)) as pool:
            try:
                for done in as_completed([pool.submit(render.write, chunk, size) for chunk in chunks]):
                    advance(done.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
