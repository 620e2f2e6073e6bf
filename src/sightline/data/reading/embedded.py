"""Parquet tables with the photos themselves in them -> files in the cache, and a manifest of them.

This is how hubs keep image datasets: a column of structs with `bytes`, a label column of numbers, and the numbers'
names in the schema. The photos are written out once for each content, unchanged, so that everything else sees a folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.data.decoding import signatures
from sightline.data.reading.headers import columns
from sightline.data.reading.kept import ALWAYS_ALLOWED, MOST_RATIO, Contents, digest, filled
from sightline.data.reading.place import Place
from sightline.data.table import sample_table
from sightline.errors import SightlineError
from sightline.system.files import write_table
from sightline.system.progress import track

_MANIFEST = "manifest.parquet"
_SUFFIX = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "BMP": "bmp", "GIF": "gif", "PPM": "ppm"}
_BATCH = 16  # rows at a time, since each holds a photo
_IN_A_FOLDER = 1000


@dataclass(frozen=True)
class _Columns:
    image: str
    label: str
    names: list[str]  # of the numbers in `label`; empty where it holds the names themselves
    split: str
    group: str


def holds_images(path: Path) -> bool:
    """Whether a Parquet file has a column with photos in it. False for other files, and for broken ones."""
    if path.suffix.lower() != ".parquet":
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool(_image_columns(pq.read_schema(path)))
    except (pa.ArrowException, OSError, ValueError):
        return False


def write_out(tables: Sequence[tuple[Path, str]], name: str) -> Place:
    """Write the photos out of Parquet files, or find them in the cache.

    Args:
        tables: the files, each with the split of all its rows ("" where a column says it, or nothing does).
        name: what the dataset is called.

    Returns:
        A manifest in the cache, in a folder that depends on the files' content alone. Rows whose label is empty or
        below 0 (which is how hubs write "none") are left aside.

    Raises:
        SightlineError: a file cannot be read, or has no column of photos or of labels; or the disk is full.
    """
    try:
        parts = [f"{digest(path)}|{split}" for path, split in tables]
    except OSError as error:
        raise SightlineError(f"{tables[0][0]}: cannot be read ({error.strerror}).") from error
    content = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    root, contents = filled("tables", content, lambda folder: _write_out(tables, folder))
    return Place(root / _MANIFEST, name, problems=contents.problems, set_aside=contents.set_aside)


def _write_out(tables: Sequence[tuple[Path, str]], folder: Path) -> Contents:
    rows: list[tuple[str, str, str, str]] = []
    contents = Contents(files=0)
    aside: dict[str, int] = {}
    with track("Writing the photos out", None) as advance:
        for path, split in tables:
            for number, (data, label, given, group) in enumerate(_rows(path)):
                if not label:
                    aside[path.name] = aside.get(path.name, 0) + 1
                    continue
                if not data:
                    where = f"{path.name} row {number}"
                    contents.problems.append((where, "missing", "the row holds no photo", "left out"))
                    continue
                place = f"{len(rows) // _IN_A_FOLDER:04d}/{len(rows):07d}.{_suffix(data)}"
                (folder / place).parent.mkdir(exist_ok=True)
                (folder / place).write_bytes(data)
                rows.append((place, label, split or given, group))
                advance()
    write_table(folder / _MANIFEST, sample_table(rows))
    contents.files = len(rows) + 1
    contents.set_aside = [f"{file}: {count:,} rows without a label" for file, count in sorted(aside.items())]
    return contents


def _rows(path: Path) -> Iterator[tuple[bytes, str, str, str]]:
    """Photo, label, split and group of each row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    left = max(ALWAYS_ALLOWED, MOST_RATIO * path.stat().st_size)
    try:
        file = pq.ParquetFile(path)
        found = _columns(path, file.schema_arrow)
        wanted = [name for name in (found.image, found.label, found.split, found.group) if name]
        for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
            for row in batch.to_pylist():
                image = row[found.image]
                data = (image.get("bytes") if isinstance(image, dict) else image) or b""
                left -= len(data)
                if left < 0:
                    raise SightlineError(f"{path}: unpacks to far more than a table of photos does. Nothing was kept.")
                yield (
                    data,
                    _label(row[found.label], found.names),
                    str(row.get(found.split) or ""),
                    str(row.get(found.group) or ""),
                )
    except (pa.ArrowException, ValueError) as error:
        raise SightlineError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]}).") from error


def _label(value: Any, names: list[str]) -> str:
    if value is None or (isinstance(value, int) and value < 0):
        return ""
    if names and isinstance(value, int):
        return names[value] if value < len(names) else ""
    return str(value).strip()


def _columns(path: Path, schema: Any) -> _Columns:
    images = _image_columns(schema)
    flat = [name for name in schema.names if name not in images]
    found = columns(flat)
    named = _class_names(schema)
    label = flat[found["label"]] if "label" in found else next(iter(named), "") if len(named) == 1 else ""
    if len(images) != 1 or not label:
        lacking = "one column of photos" if len(images) != 1 else "a column called label"
        raise SightlineError(f"{path}: needs {lacking}. It has: {', '.join(schema.names[:12])}.")
    split, group = (flat[found[column]] if column in found else "" for column in ("split", "group"))
    return _Columns(images[0], label, named.get(label, []), split, group)


def _image_columns(schema: Any) -> list[str]:
    import pyarrow as pa

    usual = ("image", "img", "photo", "jpg", "png", "bytes")

    def is_photo(field: Any) -> bool:
        if pa.types.is_struct(field.type):
            return any(part.name == "bytes" and _is_bytes(part.type) for part in field.type)
        return _is_bytes(field.type) and field.name.lower() in usual

    return [field.name for field in schema if is_photo(field)]


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _class_names(schema: Any) -> dict[str, list[str]]:
    """The names of the numbers in each label column, as the `datasets` library notes them in the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and isinstance(feature.get("names"), list)
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _suffix(data: bytes) -> str:
    kind, _ = signatures.kind(data[: signatures.HEADER_BYTES])
    return _SUFFIX.get(kind, kind.lower() if kind in signatures.READ else "bin")
