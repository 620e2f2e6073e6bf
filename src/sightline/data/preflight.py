"""Every photo is opened once before anything is built on it: what is bad is left out and named, the rest is cached.

First all files are hashed (threads). If their squares are in the pixel cache that is all; otherwise each different
content is decoded once, in processes that may hang or die without more harm than the loss of one file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
from pebble import ProcessExpired, ProcessPool

from sightline.data import pixels
from sightline.data.decoding import decoders
from sightline.data.decoding.decoders import Job, Record
from sightline.data.decoding.quarantine import dimensions_guarded
from sightline.data.decoding.regular import Undecodable, digest
from sightline.data.pixels import Pixels
from sightline.data.table import SPLITS, Dataset, Problem, problem_table
from sightline.errors import SightlineError
from sightline.system import cache
from sightline.system.processes import cores
from sightline.system.progress import track

CHUNK_SECONDS = 30.0
"""How long a process may take over one chunk before it is stopped and the chunk's files are tried one by one."""
FILE_SECONDS = 60.0
"""How long it may take over one file by itself."""

_CHUNK_FILES, _CHUNK_BYTES = 64, 2 << 20
_MOST_POOLS = 4
_SIGKILL = -9  # the exit code of a process that was killed from outside, as when memory runs out

_FEWEST = 3
_CONVERTED = {
    "exif-rotated": "turned as its EXIF orientation says",
    "gray": "one channel: copied to red, green and blue",
    "1-bit": "black and white only: copied to red, green and blue",
    "16-bit": "scaled to 8 bits",
    "32-bit": "scaled to 8 bits",
    "float": "scaled to 8 bits",
    "palette": "its palette's colours",
    "alpha": "transparent parts shown white",
    "cmyk": "converted to RGB",
    "ycbcr": "converted to RGB",
    "lab": "converted to RGB",
    "hsv": "converted to RGB",
    "animated": "only its first frame is used",
    "pages": "only its first page is used",
    "several pictures": "only its main picture is used",
}


def guess_size(dataset: Dataset) -> tuple[int, int]:
    """Median width and height in pixels, from the headers of at most 200 photos spread over the dataset.

    Raises:
        SightlineError: none of them can be read.
    """
    paths = dataset.samples["path"]
    found = []
    for number in np.unique(np.linspace(0, len(paths) - 1, min(200, len(paths))).astype(int)):
        try:
            found.append(dimensions_guarded(dataset.root / paths.iloc[number]))
        except Undecodable:
            continue  # preflight will name it
    if not found:
        raise SightlineError(f"{dataset.root}: none of the photos looked at could be read. Is this the right folder?")
    width, height = np.median(np.array(found), axis=0)
    return int(width), int(height)


def preflight(dataset: Dataset, size: int, *, workers: int | None = None) -> tuple[Dataset, Pixels]:
    """Open every photo once, and keep it as a square of `size` pixels. The data itself is never changed.

    Args:
        dataset: as it was read; its samples need not be readable.
        size: side of the squares in pixels.
        workers: how many processes decode; one per core if not given.

    Returns:
        The dataset with the samples that can be used, and their pixels in the same order. The samples have gained
        width, height, mode, format, bytes, digest (SHA-256 of the file), notes ("; " between them) and brightness
        (mean luma of the square, 0-255). Its problems have gained a row for each file left out, with reason, and one
        for each thing that was converted.

    Raises:
        SightlineError: there is no room for the cache.
    """
    samples = dataset.samples.reset_index(drop=True)
    digests, lengths, lost = _hash([dataset.root / path for path in samples["path"]])
    jobs = _jobs(dataset, digests, lengths)
    stored, records = _squares(jobs, size, workers)

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
    problems = _problems(samples["path"], facts, good)
    if len(dataset.problems):
        problems = pd.concat([dataset.problems, problems], ignore_index=True)
    return dataset.replace(samples=kept, problems=problems), Pixels(stored, rows[good])


def require_usable(dataset: Dataset) -> None:
    """Stop where no classifier can come of a dataset, as it is after `preflight`.

    Raises:
        SightlineError: no photos at all, none that could be read, one class only, a class with fewer than three
            photos, or without any in one of the splits that the dataset brings.
    """
    samples, where = dataset.samples, dataset.root
    if samples.empty:
        out = dataset.problems[dataset.problems["action"] == "left out"]
        if out.empty:
            raise SightlineError(f"{where}: no photos. Give a folder with one sub-folder of photos per class.")
        reasons = ", ".join(f"{count:,} {problem}" for problem, count in out["problem"].value_counts().items())
        first = out.iloc[0]
        raise SightlineError(
            f"{where}: none of its {out['path'].nunique():,} photos could be used ({reasons}).\n"
            f"The first: {first['path']!r}: {first['detail']}."
        )
    if len(dataset.classes) < 2:
        raise SightlineError(
            f"{where}: only one class, {dataset.classes[0]!r}. A classifier needs two or more sub-folders of photos."
        )
    counts = samples["label"].value_counts().reindex(dataset.classes, fill_value=0)
    few = counts[counts < _FEWEST]
    if len(few):
        bad = _left_out(dataset)
        why = f" ({bad:,} file{'s were' if bad > 1 else ' was'} left out as bad)" if bad else ""
        raise SightlineError(
            f"{where}: {_named(few)}; each class needs {_FEWEST} or more{why}.\n"
            "Add photos to it, or take the class out of the dataset."
        )
    given = [split for split in SPLITS if (samples["split"] == split).any()]
    for split in given:
        part = samples.loc[samples["split"] == split, "label"].value_counts().reindex(dataset.classes, fill_value=0)
        if (part == 0).any():
            raise SightlineError(
                f"{where}: the {split} part has no usable photo of {_names(part[part == 0].index)}.\n"
                "Put some there, or take the given parts away to have the photos split anew."
            )


def _left_out(dataset: Dataset) -> int:
    return int(dataset.problems.loc[dataset.problems["action"] == "left out", "path"].nunique())


def _named(counts: pd.Series) -> str:
    shown = [f"class {name!r} has {count} usable photo{'s' * (count != 1)}" for name, count in counts[:5].items()]
    return ", ".join(shown) + (f", and {len(counts) - 5} more classes" if len(counts) > 5 else "")


def _names(labels: Iterable[str]) -> str:
    names = [repr(name) for name in labels]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


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

    parts = [range(start, min(start + _CHUNK_FILES, len(paths))) for start in range(0, len(paths), _CHUNK_FILES)]
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


def _squares(jobs: dict[str, Job], size: int, workers: int | None) -> tuple[np.ndarray, pd.DataFrame]:
    """The pixel file and its records: from the cache, or decoded now."""
    if not jobs:
        return np.zeros((0, size, size, 3), np.uint8), _table([])
    found = pixels.opened(pixels.key(jobs, size), size)
    if found is not None:
        return found
    with pixels.drafted(len(jobs), size) as draft, track("Decoding", len(jobs)) as advance:
        todo = list(jobs.values())
        records, reproducible = _decode(todo, size, draft, workers, advance)
        table = _table(records)
        table["digest"] = [job.digest for job in todo]
        # What failed because the machine was short of memory may go well next time: such a result is not found again.
        name = pixels.key(jobs, size) if reproducible else pixels.key([*jobs, draft.folder.name], size)
        published = pixels.publish(draft, name, table)
    cache.trim()
    return published


def _table(records: Iterable[Record]) -> pd.DataFrame:
    table = pd.DataFrame(sorted(records), columns=list(Record._fields))
    table["digest"] = ""
    return table


def _decode(
    todo: Sequence[Job], size: int, draft: pixels.Draft, count: int | None, advance: Callable[[int], None]
) -> tuple[list[Record], bool]:
    """Run all jobs. Returns a record for each, and whether doing it again would give the same."""
    count = max(1, min(count or cores(), len(todo)))
    records: list[Record] = []
    reproducible = True
    waiting = deque((chunk, False) for chunk in _chunks(todo))
    running: dict[Future[list[Record]], tuple[list[Job], bool]] = {}
    pool = decoders.pool(count)
    pools = 1
    try:
        while waiting or running:
            try:
                while waiting and len(running) < 3 * count:
                    chunk, alone = waiting[0]
                    seconds = FILE_SECONDS if alone else CHUNK_SECONDS
                    arguments = (chunk, size, str(draft.file), draft.offset)
                    running[pool.schedule(decoders.fill, args=arguments, timeout=seconds)] = waiting.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    with pixels.room_wanted(len(todo) * size * size * 3):
                        error = _outcome(future)
                    chunk, alone = running.pop(future)
                    if error is None:
                        done = future.result()
                    elif alone:
                        done = [_failed(chunk[0], error)]
                        reproducible &= getattr(error, "exitcode", 0) != _SIGKILL
                    else:  # one of these files did it; which one shows when each has a process to itself
                        waiting.extend(([single], True) for single in chunk)
                        continue
                    records.extend(done)
                    advance(len(done))
            except (BrokenProcessPool, RuntimeError) as error:
                # A process was killed from outside between two chunks, which ends a Pebble pool. Another one, then.
                if pools == _MOST_POOLS:
                    raise SightlineError(
                        f"The processes that decode photos cannot be kept running ({error})."
                    ) from error
                waiting.extendleft(running.values())
                running.clear()
                _stop(pool)
                pool = decoders.pool(count)
                pools += 1
    finally:
        _stop(pool)
    return records, reproducible


def _outcome(future: Future[list[Record]]) -> BaseException | None:
    """None for a chunk that is done, the error of one whose process hung or died; any other error is raised."""
    try:
        future.result()
    except (TimeoutError, ProcessExpired) as error:
        return error
    return None


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _failed(job: Job, error: BaseException) -> Record:
    if isinstance(error, TimeoutError):
        return Record(job.row, problem="timeout", detail=f"decoding it took more than {FILE_SECONDS:.0f} seconds")
    return Record(job.row, problem="crash", detail="the decoder broke down over it, or ran out of memory")


def _chunks(todo: Sequence[Job]) -> Iterable[list[Job]]:
    """Files in small groups: enough to be worth a message, few enough for a smooth progress bar."""
    chunk: list[Job] = []
    weight = 0
    for job in todo:
        chunk.append(job)
        weight += job.bytes
        if len(chunk) == _CHUNK_FILES or weight > _CHUNK_BYTES:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _problems(paths: pd.Series, facts: pd.DataFrame, good: np.ndarray) -> pd.DataFrame:
    rows: list[Problem] = []
    facts_of = zip(paths, facts["problem"], facts["detail"], facts["notes"], good, strict=True)
    for path, problem, detail, notes, usable in facts_of:
        if not usable:
            rows.append((path, problem, detail, "left out"))
        elif notes:
            for note in notes.split("; "):
                name = note.split(":")[0]
                rows.append((path, name, _CONVERTED.get(name, "converted to RGB"), "converted"))
    return problem_table(rows)
