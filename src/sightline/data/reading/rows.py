"""Tables that people write -> rows of text: CSV with any usual separator, TSV, JSON lines, Parquet.

Everything is text here. No cell is taken for a number or for "missing" because of how it looks: a class may well be
called `NA`, `001` or `true`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.data.table import printable
from sightline.errors import SightlineError

_MOST_BYTES = 4 << 30
_MOST_ROWS = 50_000_000  # a Parquet file of a few kilobytes can claim any number


@dataclass(frozen=True)
class Rows:
    """A table: where it lies, its column names, its rows, and the number of the first row as a spreadsheet counts."""

    path: Path
    names: list[str]
    rows: list[list[str]]
    first: int

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number; rows in which every cell is empty are skipped."""
        for number, row in enumerate(self.rows, self.first):
            if any(row):
                yield number, row


def read_rows(path: Path) -> Rows:
    """Read a table by its suffix.

    Raises:
        SightlineError: it cannot be read, is empty, or is not the kind of table that its name says.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SightlineError(f"{path}: larger than 4 GB, which no list of photos needs to be.")
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        text = _text(path)
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror or error}).") from error
    return _json_lines(path, text) if path.suffix.lower() == ".jsonl" else _separated(path, text)


def _text(path: Path) -> str:
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SightlineError(
            f"{path}: not text in UTF-8 (byte {error.start:,} is not). Save it again as CSV in UTF-8."
        ) from error


def _separated(path: Path, text: str) -> Rows:
    if "\0" in text:
        raise SightlineError(f"{path}: not a CSV file: it holds zero bytes.")
    header = text.split("\n", 1)[0]
    # Spreadsheets in half of Europe write semicolons into what they call CSV.
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
    except csv.Error as error:
        raise SightlineError(f"{path}, line {reader.line_num}: not valid CSV ({error}).") from error
    if not rows:
        raise SightlineError(f"{path}: is empty. Its first line must name the columns: path,label.")
    return Rows(path, rows[0], rows[1:], first=2)


def _json_lines(path: Path, text: str) -> Rows:
    records: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            record = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError) as error:
            raise SightlineError(f"{path}, line {number}: not JSON.") from error
        if not isinstance(record, dict):
            raise SightlineError(f'{path}, line {number}: not a JSON object such as {{"path": …, "label": …}}.')
        records.append(record)
    names = list(dict.fromkeys(name for record in records for name in record))
    return Rows(path, names, [[_cell(record.get(name)) for name in names] for record in records], first=1)


def _parquet(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
        flat = [name for name, kind in zip(schema.names, schema.types, strict=True) if not pa.types.is_nested(kind)]
        if file.metadata.num_rows > _MOST_ROWS:
            raise SightlineError(f"{path}: {file.metadata.num_rows:,} rows; at most {_MOST_ROWS:,} are read.")
        table = file.read(columns=flat)
        cells = [[_cell(value) for value in table.column(name).to_pylist()] for name in flat]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SightlineError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]}).") from error
    return Rows(path, flat, [list(row) for row in zip(*cells, strict=True)], first=1)


def _cell(value: object) -> str:
    """A value as text; whole numbers lose the `.0` that a column with gaps gives them."""
    if value is None or value != value:  # NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return printable(str(value))
