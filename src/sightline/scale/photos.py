"""The photos of one part, one after the other, each with its name: what cannot be read is a photo with a reason.

Photos in a store are fetched some ahead of the network, in threads, since most of that is waiting. What is in flight is
bounded, so that memory depends on the size of photos and not on their number.
"""

from __future__ import annotations

import gzip
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import IO, Any, cast

from sightline.data.decoding.inputs import Photo
from sightline.data.decoding.regular import Undecodable
from sightline.data.reading import naming
from sightline.data.reading.limits import Budget, Damaged, Refused
from sightline.data.reading.members import reading
from sightline.data.reading.tars import tar_members
from sightline.errors import SightlineError
from sightline.scale.listing import Item, columns_of
from sightline.scale.places import Place

MOST_BYTES = 256 << 20
"""The largest photo that is taken out of a store, a shard or a table."""

_AHEAD = 32  # photos fetched before they are asked for
_BATCH = 64  # rows of a Parquet file at once
_TRIES = 3
_MOST_MEMBERS = 10_000_000  # of a shard
_MOST_UNPACKED = 1 << 40  # bytes of a shard


def photos(kind: str, root: Place, items: list[Item]) -> Iterator[Photo]:
    """The photos of a part, in order.

    Args:
        kind: photos, parquet or shards, as in `listing.Found`.
        root: what the items' paths start from.
        items: of one part.

    Raises:
        SightlineError: a file that holds many photos has vanished, has changed, or breaks off.
    """
    if kind == "photos":
        if root.local is not None:
            yield from (Photo(f"{root.address.rstrip('/')}/{item.path}", root.local / item.path) for item in items)
        else:
            yield from _fetched(root, items)
        return
    for item in items:
        _require_same(root.at(item.path), item)
        yield from _rows(root.at(item.path), item) if kind == "parquet" else _members(root.at(item.path))


def _fetched(root: Place, items: list[Item]) -> Iterator[Photo]:
    waiting: deque[tuple[str, Future[bytes | Undecodable]]] = deque()
    with ThreadPoolExecutor(_AHEAD // 2) as threads:
        for item in items:
            place = root.at(item.path)
            waiting.append((place.address, threads.submit(_fetch, place)))
            if len(waiting) >= _AHEAD:
                name, future = waiting.popleft()
                yield Photo(name, future.result())
        for name, future in waiting:
            yield Photo(name, future.result())


def _fetch(place: Place) -> bytes | Undecodable:
    """The bytes of one photo, tried again where the network may be to blame; a store that stays away is an error.

    Raises:
        SightlineError: the store cannot be reached any more: then it is not the photo that is bad.
    """
    for attempt in range(_TRIES):
        try:
            size = place.size()
            if size > MOST_BYTES:
                return Undecodable(
                    "too-large", f"the file has {size / 1e6:.1f} MB; the limit is {MOST_BYTES / 1e6:.0f} MB"
                )
            return place.read(MOST_BYTES)
        except FileNotFoundError:
            return Undecodable("unreadable", "it is not there")
        except SightlineError:
            if attempt == _TRIES - 1:
                raise
            time.sleep(attempt + 1)
    raise AssertionError("unreachable")


def _require_same(place: Place, item: Item) -> None:
    try:
        size = place.size()
    except FileNotFoundError:
        raise SightlineError(
            f"{place.address}: has vanished since the job began. Put it back and run the command again: "
            "what is done is kept."
        ) from None
    if size != item.size and item.size >= 0:
        raise SightlineError(
            f"{place.address}: has changed since the job began. Put it back as it was, or start anew with another "
            "--out."
        )


def _rows(place: Place, item: Item) -> Iterator[Photo]:
    """The photos in some row groups of a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    named, content = columns_of(place)
    if not content:
        raise SightlineError(f"{place.address}: has no column with the bytes of photos, as the other files have.")
    wanted = [content, *([named] if named else [])]
    with place.open() as file:
        try:
            about = parquet.ParquetFile(file, memory_map=False, pre_buffer=False)
            number = sum(about.metadata.row_group(group).num_rows for group in range(item.first))
            groups = range(item.first, item.first + item.groups)
            for batch in about.iter_batches(_BATCH, row_groups=list(groups), columns=wanted, use_threads=False):
                cells = batch.column(batch.schema.get_field_index(content))
                names = batch.column(batch.schema.get_field_index(named)) if named else None
                for row in range(len(batch)):
                    yield _row(place, number, cells[row], names[row].as_py() if names is not None else None)
                    number += 1
        except (pa.ArrowException, OSError, ValueError) as error:
            raise SightlineError(
                f"{place.address}: cannot be read to its end: it is damaged. Fetch it again."
            ) from error


def _row(place: Place, number: int, cell: Any, name: str | None) -> Photo:
    inner = None
    if hasattr(cell, "keys"):  # a struct
        inner = cell["path"].as_py() if "path" in cell.keys() and cell.is_valid else None  # noqa: SIM118
        cell = cell["bytes"] if cell.is_valid else cell
    known = name or (inner if isinstance(inner, str) else None)
    called = f"{place.address}#{number}" + (f":{known}" if known else "")
    if not cell.is_valid:
        return Photo(called, Undecodable("empty", "the row holds no bytes"))
    data = cell.as_buffer()
    if data.size > MOST_BYTES:
        return Photo(called, Undecodable("too-large", f"it has {data.size / 1e6:.1f} MB"))
    return Photo(called, data.to_pybytes())


def _members(place: Place) -> Iterator[Photo]:
    """The photos in a WebDataset shard. Other members, such as `0001.cls` beside `0001.jpg`, are passed over."""
    kind = "gz" if place.path.lower().endswith(("gz",)) else "tar"
    budget = Budget(_MOST_MEMBERS, _MOST_UNPACKED)
    with place.open() as file:
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if kind == "gz" else file
        try:
            with reading():
                for name, blocks in tar_members(stream, kind, budget, []):
                    if naming.is_image(PurePosixPath(name).name):
                        yield Photo(f"{place.address}/{name}", _content(blocks))
        except (Damaged, Refused) as error:
            raise SightlineError(f"{place.address}: cannot be read to its end ({error}). Fetch it again.") from error


def _content(blocks: Iterator[bytes]) -> bytes | Undecodable:
    taken = bytearray()
    for block in blocks:
        taken += block
        if len(taken) > MOST_BYTES:
            for _ in blocks:  # read past it: the stream goes only forward
                pass
            return Undecodable("too-large", f"it has more than {MOST_BYTES / 1e6:.0f} MB")
    return bytes(taken)
