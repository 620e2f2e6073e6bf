"""A model and a source -> a folder of answers in parts, by Ray Data. Killed and started again, it goes on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.errors import SightlineError, UsageError
from sightline.models.folder import read_facts
from sightline.scale import job as jobs
from sightline.scale import listing, scorer
from sightline.scale.cluster import Shape, connected, hushed, require_ray, shape
from sightline.scale.places import Place, is_address, place
from sightline.system.files import require_free, require_writable, sha256, sweep
from sightline.system.marker import MARKER, mark
from sightline.system.progress import note, track
from sightline.version import __version__

PART_ROWS = 1000
"""Photos in a part: what is done again at most when a worker dies."""

_LONGEST_JSON = 1 << 30  # bytes of parts.json


@dataclass(frozen=True)
class _Task:
    """What was asked for, with the model read and the places opened."""

    files: Mapping[str, bytes]
    digest: str
    classes: tuple[str, ...]
    source: str
    target: Place
    part_rows: int


def score(
    model: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    device: str = "auto",
    address: str | None = None,
    workers: int | None = None,
    part_rows: int = PART_ROWS,
) -> jobs.Parts:
    """Score every photo of a source.

    Args:
        model: a run, or a model folder.
        source: a folder, a manifest, Parquet files with the bytes of photos, WebDataset shards; on this disk or at an
            address such as s3://bucket/photos.
        out: a folder, new or of the same job, on this disk or at an address. On a cluster every machine must see it.
        device: auto, cpu, cuda.
        address: of a Ray cluster; None: Ray is started on this machine.
        workers: how many predictors; None: one a GPU, or one for each group of cores.
        part_rows: photos in one part.

    Returns:
        What parts.json says.

    Raises:
        UsageError: there is no model, or no such source; `out` is taken; Ray is not installed.
        SightlineError: a store or a cluster cannot be reached, `out` holds another job, or a file has vanished.
    """
    require_ray()
    task = _task(Path(model), source, out, part_rows)
    target = task.target
    job = jobs.read(target)
    ready: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as held:
        drafted = None
        if job is None:
            _require_new(target)
            drafted = _draft(task, Path(held) / "listing.parquet")
        else:
            _require_same(job, task)
            if target.at("parts.json").kind() == "file":
                note(f"{target.address}: is complete already.")
                return jobs.Parts.parse(target.at("parts.json").read(_LONGEST_JSON), target.at("parts.json").address)
            ready = jobs.done(target, job.parts)
            note(f"{target.address}: goes on; {len(ready):,} of {job.parts:,} parts are done.")
        with connected(address, sum(map(len, task.files.values()))) as ray:
            if drafted is not None:
                job = _settled(ray, task, drafted, shape(ray, device, workers), device)
                _begin(target, drafted, job)
            assert job is not None
            made = _scored(ray, task, job, ready, workers)
    parts = tuple(made.get(n) or jobs.counted(target, n, ready[n]) for n in range(job.parts))
    whole = jobs.Parts(
        rows=sum(part.rows for part in parts),
        unreadable=sum(part.unreadable for part in parts),
        columns=tuple(jobs.schema(job.classes).names),
        parts=parts,
    )
    jobs.write(target, "parts.json", whole)
    return whole


def _task(model: Path, source: str | Path, out: str | Path, part_rows: int) -> _Task:
    folder = model / "model" if (model / "model").is_dir() else model
    facts = read_facts(folder)
    if part_rows < 1:
        raise UsageError(f"part_rows {part_rows}: give 1 or more.")
    return _Task(
        files=scorer.packed(folder),
        digest=sha256(folder / "sightline.json"),
        classes=facts.classes,
        source=_whole(source),
        target=place(_whole(out)),
        part_rows=part_rows,
    )


def _whole(name: str | Path) -> str:
    """A name that means the same to every worker."""
    return str(name) if is_address(name) else os.path.abspath(name)  # noqa: PTH100  (links are kept as they are)


def _require_same(job: jobs.Job, task: _Task) -> None:
    """Raise SightlineError where a folder holds another job."""
    for what, there, here in (
        ("scores another source", job.source, task.source),
        ("scores with another model", job.model, task.digest),
        ("was begun by another version of Sightline", job.sightline, __version__),
        ("has parts of another size", job.part_rows, task.part_rows),
    ):
        if there != here:
            raise SightlineError(
                f"--out {task.target.address}: holds a job that {what}"
                + (f" ({there})" if what.endswith(("source", "Sightline")) else "")
                + ". Choose another folder."
            )


def _require_new(target: Place) -> None:
    """Refuse a folder that holds something else than what a job left that had not begun.

    Raises:
        UsageError: there is something in it.
        SightlineError: it cannot be written.
    """
    names = {entry.name for entry in target.entries()} if target.kind() == "folder" else set()
    if names - {MARKER, "listing.parquet"}:
        raise UsageError(f"--out {target.address}: is not empty. Choose another folder.")
    if target.local is not None:
        require_free(target.local) if not names else require_writable(target.local)


@dataclass(frozen=True)
class _Drafted:
    """A source that was listed, in a file on this disk: until all is settled nothing is written to the job's folder."""

    found: listing.Found
    path: Path
    parts: int
    photos: int | None


def _draft(task: _Task, path: Path) -> _Drafted:
    found = listing.look(place(task.source), task.part_rows)
    parts, photos = listing.write(found, path, task.part_rows)
    return _Drafted(found, path, parts, photos)


def _begin(target: Place, drafted: _Drafted, job: jobs.Job) -> None:
    """Make the job's folder; job.json comes last."""
    if target.local is not None:
        target.local.mkdir(parents=True, exist_ok=True)
        sweep(target.local)
        mark(target.local, "batch predictions")
    target.at("listing.parquet").write(drafted.path.read_bytes())
    jobs.write(target, "job.json", job)


def _settled(
    ray: Any,
    task: _Task,
    drafted: _Drafted,
    size: Shape,
    device: str,
) -> jobs.Job:
    """The job, with the engine that a worker found fastest: all workers then compute the same."""
    expected = drafted.photos if drafted.photos is not None else drafted.parts * task.part_rows
    remote = ray.remote(num_cpus=size.cores, num_gpus=size.gpus)(scorer.settle)
    try:
        version, device, engine, batch = ray.get(remote.remote(dict(task.files), device, expected, size.cores))
    except Exception as error:
        raise _plainly(error) from error
    if version != __version__:
        raise SightlineError(
            f"The workers of this cluster have Sightline {version}, here is {__version__}. Install the same on all."
        )
    return jobs.Job(
        source=task.source,
        kind=drafted.found.kind,  # type: ignore[arg-type]  # one of these
        root=drafted.found.root.address,
        model=task.digest,
        classes=task.classes,
        part_rows=task.part_rows,
        parts=drafted.parts,
        photos=drafted.photos,
        device=device,
        engine=engine,
        batch=batch,
        cores=size.cores,
        sightline=__version__,
    )


def _scored(
    ray: Any, task: _Task, job: jobs.Job, ready: Mapping[int, int], workers: int | None
) -> dict[int, jobs.Part]:
    """Score the parts that are missing. Ray Data gives a part that was lost with its worker to another one."""
    missing = [number for number in range(job.parts) if number not in ready]
    if not missing:
        return {}
    size = shape(ray, job.device, workers)
    count = max(1, min(size.workers * size.cores // job.cores if not size.gpus else size.workers, len(missing)))
    note(f"Scoring {job.parts - len(ready):,} parts with {count} workers of {job.cores} cores, engine {job.engine}.")
    import ray.data as data

    handed = ray.put((dict(task.files), jobs.listing(task.target)))
    rows = data.from_items([{"number": number} for number in missing], override_num_blocks=len(missing)).map_batches(
        scorer.Scorer,
        batch_size=1,
        batch_format="numpy",
        compute=data.ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=2),
        num_cpus=job.cores,
        num_gpus=size.gpus,
        fn_constructor_args=(handed, job.model_dump_json(), task.target.address),
    )
    return dict(_told(rows, job, ready))


def _told(rows: Any, job: jobs.Job, ready: Mapping[int, int]) -> Iterator[tuple[int, jobs.Part]]:
    """What became of each part, as it comes; shown to whoever waits."""
    total = None if job.photos is None else job.photos - job.part_rows * len([n for n in ready if n < job.parts - 1])
    problem = ""
    with hushed(), track("Scoring", total) as advance:
        try:
            for row in rows.iter_rows():
                problem = str(row["problem"])
                if problem:
                    break
                counts = {name: int(row[name]) for name in ("rows", "unreadable", "bytes")}
                advance(counts["rows"])
                number = int(row["number"])
                yield number, jobs.Part(name=jobs.name(number), **counts)
        except Exception as error:  # Ray's errors, which may pose as those that they carry
            raise _plainly(error) from error
    if problem:
        raise SightlineError(problem)


def _plainly(error: Exception) -> SightlineError:
    """What Ray says when a worker cannot work, in one plain line."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, SightlineError):
        return (UsageError if isinstance(cause, UsageError) else SightlineError)(str(cause))
    text = " ".join(str(error).split())
    if "No module named 'sightline" in text:
        return SightlineError("The workers of this cluster do not have Sightline. Install the same version on all.")
    creation = "creation task" in text
    if not creation and type(error).__name__ in (
        "OutOfMemoryError",
        "WorkerCrashedError",
        "ActorDiedError",
        "RayActorError",
    ):
        return SightlineError(
            "The workers die again and again, most likely for want of memory. Give --workers a smaller number; "
            "what is done is kept."
        )
    last = text.rpartition("Error: ")[2][:300] or type(error).__name__
    return SightlineError(f"A worker could not go on: {last}\nRun the command again: what is done is kept.")
