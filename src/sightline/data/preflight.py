"""Every photo is opened once before anything is built on it: what is bad is left out and named, the rest is cached.

First all files are hashed (threads). If their squares are in the pixel cache that is all; otherwise each different
content is decoded once, in processes that may hang or die without more harm than the loss of one file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.config import SIZES, Fit
from sightline.data import pixels
from sightline.data.decoding.decode import Undecodable
from sightline.data.decoding.decode_all import decode_all
from sightline.data.decoding.decoders import Job, Record
from sightline.data.decoding.deep import FULL, White
from sightline.data.decoding.regular import digest
from sightline.data.pixels import Pixels
from sightline.data.table import Dataset, Problem, problem_table
from sightline.data.white import white_of
from sightline.errors import UsageError
from sightline.system import cache
from sightline.system.processes import cores
from sightline.system.progress import track

_AT_ONCE = 64  # files hashed between two steps of the progress bar

_WHITE = 254.995  # the mean luma of a square that is white all over
_CONVERTED = {
    "exif-rotated": "turned as its EXIF orientation says",
    "gray": "one channel: copied to red, green and blue",
    "1-bit": "black and white only: copied to red, green and blue",
    "16-bit": "scaled to 8 bits",
    "32-bit": "scaled to 8 bits",
    "float": "scaled to 8 bits",
    "palette": "its palette's colours",
    "alpha": "transparent parts shown white",
    "transparent": "all of it is transparent, so that it shows nothing but white",
    "cmyk": "converted to RGB",
    "ycbcr": "converted to RGB",
    "lab": "converted to RGB",
    "hsv": "converted to RGB",
    "animated": "only its first frame is used",
    "pages": "only its first page is used",
    "several pictures": "only its main picture is used",
}


def preflight(
    dataset: Dataset,
    size: int,
    fit: Fit = "crop",
    white: White | None = None,
    *,
    workers: int | None = None,
) -> tuple[Dataset, Pixels]:
    """Open every photo once, and keep it as a square of `size` pixels. The data itself is never changed.

    Args:
        dataset: as it was read; its samples need not be readable.
        size: side of the squares in pixels.
        fit: how the photos are made square.
        white: of their 16-bit samples; None: the smallest that none of them exceeds (see `deep`).
        workers: how many processes decode; one per core if not given.

    Returns:
        The dataset with the samples that can be used, and their pixels in the same order. The samples have gained
        width, height, mode, format, bytes, digest (SHA-256 of the file), notes ("; " between them) and brightness
        (mean luma of the square, 0-255). Its problems have gained a row for each file left out, with reason, and one
        for each thing that was converted.

    Raises:
        UsageError: there is no such size, or no such number of processes.
        SightlineError: there is no room for the cache.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise UsageError(f"--img-size {size}: photos are brought to {SIZES[0]} to {SIZES[1]:,} pixels on a side.")
    if workers is not None and workers < 0:
        raise UsageError(f"--workers {workers}: give a number of processes, or 0 for one for each core.")
    samples = dataset.samples.reset_index(drop=True)
    digests, lengths, lost = _hash([dataset.root / path for path in samples["path"]])
    jobs = _jobs(dataset, digests, lengths)
    white = white or white_of([(job.path, job.digest) for job in jobs.values()])
    stored, records = _squares(jobs, size, fit, white or FULL, workers or None)

    rows = pd.Index(records["digest"]).get_indexer(pd.Index(digests))
    blank = _table([Record(-1)])  # for files without a digest, whose row is -1: the last
    facts = pd.concat([records, blank], ignore_index=True).iloc[rows].reset_index(drop=True)
    facts["bytes"] = lengths
    facts["digest"] = digests
    facts["problem"] = [lost[n].problem if n in lost else text for n, text in enumerate(facts["problem"])]
    facts["detail"] = [lost[n].detail if n in lost else text for n, text in enumerate(facts["detail"])]
    good = (facts["problem"] == "").to_numpy()
    columns = ["width", "height", "mode", "format", "bytes", "digest", "notes", "brightness"]
    kept = samples.drop(columns=columns, errors="ignore").join(facts[columns])[good].reset_index(drop=True)
    problems = _problems(samples["path"], facts, good, white)
    if len(dataset.problems):
        problems = pd.concat([dataset.problems, problems], ignore_index=True)
    return dataset.replace(samples=kept, problems=problems), Pixels(stored, rows[good], fit, white)


def _hash(paths: Sequence[Path]) -> tuple[list[str], list[int], dict[int, Undecodable]]:
    """Digest and length of each file ("" and 0 where there is none), and why, for those that cannot be read."""
    lost: dict[int, Undecodable] = {}

    def some(numbers: range) -> list[tuple[str, int]]:
        found = []
        for number in numbers:
            try:
                found.append(digest(paths[number]))
            except Undecodable as error:
                lost[number] = error
                found.append(("", 0))
        return found

    parts = [range(start, min(start + _AT_ONCE, len(paths))) for start in range(0, len(paths), _AT_ONCE)]
    found = []
    # More threads than cores: on a network disk most of this is waiting.
    with track("Reading", len(paths)) as advance, ThreadPoolExecutor(max(4, cores())) as threads:
        for part in threads.map(some, parts):
            found.extend(part)
            advance(len(part))
    return [text for text, _ in found], [length for _, length in found], lost


def _jobs(dataset: Dataset, digests: Sequence[str], lengths: Sequence[int]) -> dict[str, Job]:
    """One job for each different content, in the dataset's order."""
    jobs: dict[str, Job] = {}
    for path, text, length in zip(dataset.samples["path"], digests, lengths, strict=True):
        if text and text not in jobs:
            jobs[text] = Job(len(jobs), str(dataset.root / path), text, length)
    return jobs


def _squares(
    jobs: dict[str, Job], size: int, fit: Fit, white: int, workers: int | None
) -> tuple[np.ndarray, pd.DataFrame]:
    """The pixel file and its records: from the cache, or decoded now."""
    if not jobs:
        return np.zeros((0, size, size, 3), np.uint8), _table([])
    found = pixels.opened(pixels.key(jobs, size, fit, white), size)
    if found is not None:
        return found
    with pixels.drafted(len(jobs), size) as draft, track("Decoding", len(jobs)) as advance:
        todo = list(jobs.values())
        with pixels.room_wanted(len(todo) * size * size * 3):
            records, reproducible = decode_all(
                todo, size, draft.file, draft.offset, fit=fit, white=white, workers=workers, advance=advance
            )
        table = _table(records)
        table["digest"] = [job.digest for job in todo]
        # What failed because the machine was short of memory may go well next time: such a result is not found again.
        name = pixels.key(jobs if reproducible else [*jobs, draft.folder.name], size, fit, white)
        published = pixels.publish(draft, name, table)
    cache.trim()
    return published


def _table(records: Iterable[Record]) -> pd.DataFrame:
    table = pd.DataFrame(sorted(records), columns=list(Record._fields))
    table["digest"] = ""
    return table


def _problems(paths: pd.Series, facts: pd.DataFrame, good: np.ndarray, white: int | None) -> pd.DataFrame:
    converted = dict(_CONVERTED)
    if white is not None and white != FULL:
        converted["16-bit"] = f"scaled to 8 bits; white is {white:,}, as for all 16-bit photos here"
    rows: list[Problem] = []
    columns = [facts[name] for name in ("problem", "detail", "notes", "brightness")]
    for path, problem, detail, notes, brightness, usable in zip(paths, *columns, good, strict=True):
        if not usable:
            rows.append((path, problem, detail, "left out"))
        elif notes:
            for note in notes.split("; "):
                name = note.split(":")[0]
                if name == "alpha" and brightness >= _WHITE:
                    name = "transparent"
                rows.append((path, name, converted.get(name, "converted to RGB"), "converted"))
    return problem_table(rows)
