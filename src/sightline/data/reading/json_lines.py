"""JSON lines: one object a line, with the names of the columns as its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import pyarrow as pa

from sightline.data.reading.cells import LONGEST_CELL, LONGEST_LINE, Table, as_text, opened, require_few
from sightline.data.reading.headers import is_known
from sightline.errors import SightlineError

_AT_ONCE = 65_536  # rows that are held as Python objects


def open_json_lines(path: Path) -> Table:
    """Open a file of JSON lines. Its keys are known only at its end, so that it is read at once.

    Only cells under headers that mean something (`headers.is_known`) are kept.

    Raises:
        SightlineError: it cannot be read, or a line is no object.
    """
    names: dict[str, None] = {}
    parts: list[pa.Table] = []
    with opened(path) as file:
        numbers: list[int] = []
        columns: dict[str, list[str]] = {}
        for number, record in _records(path, file):
            for name in record:
                if name not in names:
                    names[name] = None
                    require_few(path, columns=len(names))
                if name not in columns and is_known(name):
                    columns[name] = [""] * len(numbers)
            for name, cells in columns.items():
                cells.append(_cell(path, number, record.get(name)))
            numbers.append(number)
            if len(numbers) == _AT_ONCE:
                parts.append(_part(columns, numbers))
                numbers, columns = [], {}
                require_few(path, rows=len(parts) * _AT_ONCE)
        parts.append(_part(columns, numbers))
    listed = list(names)
    return Table(path, listed, lambda wanted: _picked(parts, [listed[number] for number in wanted]))


def _records(path: Path, file: BufferedReader) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise SightlineError(f"{path}, line {number}: not JSON lines: it has more than {LONGEST_LINE:,} bytes.")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SightlineError(f"{path}, line {number}: not JSON.") from error
        if not isinstance(record, dict):
            raise SightlineError(f'{path}, line {number}: not a JSON object such as {{"path": …, "label": …}}.')
        yield number, record


def _cell(path: Path, number: int, value: Any) -> str:
    text = as_text(value)
    if len(text) > LONGEST_CELL:
        raise SightlineError(f"{path}, line {number}: a cell has more than {LONGEST_CELL:,} characters.")
    return text


def _part(columns: dict[str, list[str]], numbers: list[int]) -> pa.Table:
    return pa.table({**{f"={name}": pa.array(cells, pa.string()) for name, cells in columns.items()}, "row": numbers})


def _picked(parts: Sequence[pa.Table], names: Sequence[str]) -> pa.Table:
    """Some columns of all parts; a part in which no row had the key lacks the column."""
    schema = pa.schema([*((name, pa.string()) for name in names), ("row", pa.int64())])
    whole = []
    for part in parts:
        blank = pa.repeat("", len(part))
        cells = [part[f"={name}"] if f"={name}" in part.column_names else blank for name in names]
        whole.append(pa.Table.from_arrays([*cells, part["row"].cast(pa.int64())], schema=schema))
    return pa.concat_tables(whole)
