"""A source -> parts: what is scored together, written down once, so that a job that goes on does the same ones.

A source is a folder of photos, a manifest, Parquet files with the bytes of photos, or WebDataset shards, on this disk
or in an object store. Folders are listed one at a time, and what was found is written as it comes: memory does not grow
with the number of photos. Each row group of `listing.parquet` is one part.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sightline.data.reading import headers, naming
from sightline.data.reading.paths import inside
from sightline.data.reading.rows import open_table
from sightline.errors import SightlineError, UsageError
from sightline.scale.places import Place
from sightline.system import marker
from sightline.system.progress import track

SHARDS = (".tar", ".tar.gz", ".tgz")
_DEEPEST = 64  # folders within folders
_MOST_MANIFEST = 1 << 30  # bytes
_CONTENT = ("bytes", "image_bytes", "content", "image", "img", "photo", "data", "jpg", "jpeg", "png")
_NAMES = ("path", "file_name", "filename", "file", "name", "key", "__key__", "image_id", "id")


@dataclass(frozen=True)
class Item:
    """One row of the listing: a photo, or a piece of a file that holds many."""

    path: str
    """From the source's root, with forward slashes; "" for the source itself."""
    first: int = 0
    """Of a Parquet file: the first row group."""
    groups: int = 0
    """Of a Parquet file: how many row groups."""
    size: int = -1
    """Bytes of a file that holds many photos, by which a change of it is noticed."""


@dataclass(frozen=True)
class Found:
    """What a source is. `kind` is photos, parquet or shards; `items` are to be taken as they come."""

    kind: str
    root: Place
    items: Iterator[Item]


def look(source: Place, rows: int) -> Found:
    """What a source is, and everything in it, in an order that does not change.

    Args:
        source: a folder or a file.
        rows: photos in a part; row groups of Parquet files are put together until there are as many.

    Raises:
        UsageError: there is nothing at `source`, or it is of no such kind.
        SightlineError: it cannot be read, or holds nothing to score.
    """
    kind = source.kind()
    if not kind:
        raise UsageError(f"{source.address}: there is no such file or folder.")
    if kind == "folder":
        return _folder(source, rows)
    parent = Place(source.address.rpartition("/")[0] or ".", source.files, source.path.rpartition("/")[0])
    name = source.path.rpartition("/")[2]
    if name.lower().endswith(SHARDS):
        return Found("shards", parent, iter([Item(name, size=source.size())]))
    if name.lower().endswith(".parquet") and columns_of(source)[1]:
        return Found("parquet", parent, pieces(parent, [Item(name, size=source.size())], rows))
    if naming.is_table(name):
        return Found("photos", parent, _manifest(source))
    if naming.is_image(name):
        return Found("photos", parent, iter([Item(name)]))
    raise UsageError(
        f"{source.address}: give a folder of photos, a manifest (.csv, .parquet), Parquet files with the bytes of "
        "photos, or WebDataset shards (.tar)."
    )


def write(found: Found, path: Path, rows: int) -> tuple[int, int | None]:
    """Write the listing.

    Args:
        found: what `look` found.
        path: a file on this disk.
        rows: photos in a part.

    Returns:
        How many parts there are, and how many photos, where that is known before they are read.

    Raises:
        SightlineError: there is nothing to score.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([("path", pa.string()), ("first", pa.int64()), ("groups", pa.int64()), ("size", pa.int64())])
    parts = photos = 0
    together = rows if found.kind == "photos" else 1
    items = iter(found.items)
    with track("Listing", None, found.kind) as advance, parquet.ParquetWriter(path, schema) as writer:
        while some := list(islice(items, together)):
            columns = {name: [getattr(item, name) for item in some] for name in schema.names}
            writer.write_table(pa.table(columns, schema=schema), row_group_size=len(some))
            parts += 1
            photos += len(some)
            advance(len(some))
    if not parts:
        raise SightlineError(f"{found.root.address}: no photos in it, no Parquet files with photos, no .tar shards.")
    return parts, photos if found.kind == "photos" else None


def part(listing: Any, number: int) -> list[Item]:
    """The items of one part.

    Args:
        listing: a pyarrow ParquetFile of the listing.
        number: of the part, from 0.

    Raises:
        SightlineError: the listing is damaged.
    """
    import pyarrow as pa

    try:
        items = [Item(**row) for row in listing.read_row_group(number).to_pylist()]
        sound = all(isinstance(item.path, str) and min(item.first, item.groups, item.size + 1) >= 0 for item in items)
    except (pa.ArrowException, OSError, ValueError, IndexError, TypeError) as error:
        raise _damaged("listing.parquet") from error
    if not sound:
        raise _damaged("listing.parquet")
    return items


def columns_of(table: Place) -> tuple[str, str]:
    """The columns of a Parquet file that hold a photo's name and its bytes, "" where there is none.

    Bytes may also lie in a field `bytes` of a column, as the Hugging Face hub has them.

    Raises:
        SightlineError: it is no Parquet file.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with table.open() as file:
        try:
            schema = parquet.ParquetFile(file).schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise SightlineError(f"{table.address}: not a readable Parquet file.") from error
    binary = [field.name for field in schema if _holds_bytes(field.type)]
    content = next((name for name in _CONTENT if name in binary), binary[0] if len(binary) == 1 else "")
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    return next((name for name in _NAMES if name in texts), ""), content


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(field.name == "bytes" and _holds_bytes(field.type) for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _folder(source: Place, rows: int) -> Found:
    """Photos, Parquet files or shards: whichever the first file is that counts. The others may then not be there."""
    files = _below(source, "", 0, set())
    first = next(files, None)
    if first is None:
        return Found("photos", source, iter(()))
    kind = _kind(first.path)

    def alike() -> Iterator[Item]:
        yield first
        for item in files:
            if _kind(item.path) != kind:
                raise UsageError(
                    f"{source.address}: holds {first.path} and {item.path}: photos, Parquet files and shards are not "
                    "scored in one job. Name one of its folders."
                )
            yield item

    if kind != "parquet":
        return Found(kind, source, alike())
    if not columns_of(source.at(first.path))[1]:
        raise UsageError(
            f"{source.address}: {first.path} has no column with the bytes of photos. Give a manifest itself."
        )
    return Found(kind, source, pieces(source, alike(), rows))


def _kind(name: str) -> str:
    lower = name.lower()
    return "shards" if lower.endswith(SHARDS) else "parquet" if lower.endswith(".parquet") else "photos"


def _below(root: Place, folder: str, depth: int, seen: set[tuple[int, int]]) -> Iterator[Item]:
    """The files that count in a folder, then those in its folders. Loops of links end: each folder is entered once."""
    here = root.at(folder) if folder else root
    if here.local is not None:
        try:
            status = here.local.stat()
        except OSError as error:
            raise SightlineError(f"{here.address}: the folder cannot be read ({error.strerror}).") from error
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
    entries = [entry for entry in here.entries() if not naming.is_clutter(entry.name) or entry.name == marker.MARKER]
    if folder and any(entry.name == marker.MARKER for entry in entries):
        return  # Sightline wrote it
    below = f"{folder}/" if folder else ""
    for entry in entries:
        counts = naming.is_image(entry.name) or _kind(entry.name) != "photos"
        if not entry.folder and counts:
            yield Item(below + entry.name, size=-1 if naming.is_image(entry.name) else entry.size)
    for entry in entries:
        if entry.folder and depth < _DEEPEST:
            yield from _below(root, below + entry.name, depth + 1, seen)


def pieces(root: Place, files: Any, rows: int) -> Iterator[Item]:
    """Parquet files as runs of row groups that hold about `rows` photos each.

    Raises:
        SightlineError: one is no Parquet file, or has no column with photos.
    """
    import pyarrow as pa
    from pyarrow import parquet

    for file in files:
        place = root.at(file.path)
        with place.open() as opened:
            try:
                about = parquet.ParquetFile(opened).metadata
                counts = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
            except (pa.ArrowException, OSError, ValueError) as error:
                raise SightlineError(f"{place.address}: not a readable Parquet file.") from error
        first, held = 0, 0
        for number, count in enumerate(counts):
            if held and held + count > rows:
                yield Item(file.path, first, number - first, file.size)
                first, held = number, 0
            held += count
        if held:
            yield Item(file.path, first, len(counts) - first, file.size)


def _manifest(source: Place) -> Iterator[Item]:
    """The photos that a manifest names, which lie in its own folder or below."""
    import tempfile

    import pandas as pd

    with tempfile.TemporaryDirectory() as held:
        path = source.local or Path(held) / source.path.rpartition("/")[2]
        if source.local is None:
            path.write_bytes(source.read(_MOST_MANIFEST))
        try:
            table = open_table(path)
            found = headers.columns(table.names)
            if "path" not in found:
                raise SightlineError(f"{path}: no column for the photos: its first line must name one `path`.")
            texts: pd.Series = table.read({"path": found["path"]})["path"]
            names = inside(path, path.parent, texts[texts.str.strip() != ""])
        except SightlineError as error:
            raise SightlineError(str(error).replace(str(path), source.address)) from error
    yield from (Item(name) for name in names)


def opened(content: bytes | IO[bytes], address: str = "listing.parquet") -> Any:
    """The listing of a job, from its bytes or its file, as a pyarrow ParquetFile.

    Raises:
        SightlineError: it is none.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(io.BytesIO(content) if isinstance(content, bytes) else content)
        whole = set(table.schema_arrow.names) == {field.name for field in fields(Item)}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(address) from error
    if not whole:
        raise _damaged(address)
    return table


def _damaged(address: str) -> SightlineError:
    return SightlineError(f"{address}: is damaged. Start anew with another --out.")
