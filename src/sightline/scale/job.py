"""The folder of a scoring job: what it does, which parts are done, and at the end a list of them.

```
OUT/job.json              written when everything is settled: what is scored by what, in which parts
OUT/listing.parquet       a row group for each part: its photos, or its piece of a file
OUT/parts/part-000000.parquet   the answers, with the columns of `sightline predict`; there only when whole
OUT/parts.json            written last: every part with its rows
```

A job that was killed goes on by the same command. `job.json` holds every choice that could change an answer, so the
rows come out as those of a job that was never interrupted.
"""

from __future__ import annotations

import io
from typing import Any, Literal

import pandas as pd

from sightline.errors import SightlineError
from sightline.scale.listing import opened
from sightline.scale.places import Place
from sightline.system.documents import Classes, Count, Document, Text

_MOST_PARTS = 1 << 24
_MOST_LISTING = 16 << 30  # bytes
_PART = b"sightline.part"


class Job(Document):
    """job.json."""

    format_version: Literal[1] = 1
    source: Text
    kind: Literal["photos", "parquet", "shards"]
    root: Text
    model: Text
    """SHA-256 of the model's sightline.json, which vouches for its other files."""
    classes: Classes
    part_rows: Count
    parts: Count
    photos: Count | None
    """None where it shows only as they are read."""
    device: Text
    engine: Text
    batch: Count
    cores: Count
    """Of one worker: how a sum is split over threads shows in its last digits."""
    sightline: Text


class Part(Document):
    """One file of answers."""

    name: Text
    rows: Count
    unreadable: Count
    """Photos without an answer; their rows say why."""
    bytes: Count


class Parts(Document):
    """parts.json: there only when the job is complete."""

    rows: Count
    unreadable: Count
    columns: tuple[Text, ...]
    parts: tuple[Part, ...]

    most_bytes = 1 << 30


def name(number: int) -> str:
    """The file of a part, from 0."""
    return f"part-{number:06d}.parquet"


def read(out: Place) -> Job | None:
    """The job in a folder; None where there is none.

    Raises:
        SightlineError: its job.json cannot be read.
    """
    place = out.at("job.json")
    return Job.parse(place.read(Job.most_bytes), place.address) if place.kind() == "file" else None


def write(out: Place, file: str, document: Document) -> None:
    """Write one of the job's documents, whole or not at all."""
    out.at(file).write((document.model_dump_json(indent=2) + "\n").encode())


def listing(out: Place) -> bytes:
    """The bytes of the listing.

    Raises:
        SightlineError: it cannot be read, or is damaged; seen by its end, before all of it is taken into memory.
    """
    place = out.at("listing.parquet")
    with place.open() as file:
        opened(file, place.address)
    return place.read(_MOST_LISTING)


def write_part(out: Place, number: int, table: pd.DataFrame, classes: tuple[str, ...]) -> Part:
    """Write the answers of one part, whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = schema(classes)
    arrow = pa.Table.from_pandas(table[kinds.names], schema=kinds, preserve_index=False)
    unreadable = int((table["error"] != "").sum())
    # The numbers that the list of parts needs stand in each file's footer, so that a job that goes on need not count.
    arrow = arrow.replace_schema_metadata({_PART: f"{len(table)} {unreadable}".encode()})
    buffer = io.BytesIO()
    parquet.write_table(arrow, buffer)
    content = buffer.getvalue()
    out.at("parts").at(name(number)).write(content)
    return Part(name=name(number), rows=len(table), unreadable=unreadable, bytes=len(content))


def done(out: Place, parts: int) -> dict[int, int]:
    """The parts that are there: number -> bytes."""
    if out.at("parts").kind() != "folder":
        return {}
    numbers = {name(number): number for number in range(min(parts, _MOST_PARTS))}
    return {numbers[entry.name]: entry.size for entry in out.at("parts").entries() if entry.name in numbers}


def counted(out: Place, number: int, size: int) -> Part:
    """What the footer of a part says.

    Raises:
        SightlineError: it is damaged.
    """
    import pyarrow as pa
    from pyarrow import parquet

    place = out.at("parts").at(name(number))
    try:
        with place.open() as file:
            about = parquet.ParquetFile(file).metadata
        rows, unreadable = (int(text) for text in about.metadata[_PART].split())
        if rows != about.num_rows:
            raise ValueError
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise SightlineError(
            f"{place.address}: is damaged. Remove it and run the command again: it is scored anew."
        ) from error
    return Part(name=name(number), rows=rows, unreadable=unreadable, bytes=size)


def schema(classes: tuple[str, ...]) -> Any:
    """As pyarrow has it, the columns of `sightline predict`, of the same kind in every part, whatever its rows are."""
    import pyarrow as pa

    from sightline.trust import answers

    text, number = pa.string(), pa.float64()
    return pa.schema(
        [
            *(("path", text), ("predicted", text), ("confidence", number)),
            *((column, number) for column in answers.columns(classes)),
            *(("set", text), ("familiar", pa.bool_()), ("decision", text), ("error", text)),
        ]
    )
