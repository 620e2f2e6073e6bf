"""CSV and TSV, as people and spreadsheets write them.

The names of the columns are found first: below comment lines and Excel's `sep=;`, whatever the separator. Rows are then
read by Arrow, which holds every line to a limit; the few with more or fewer cells than there are names are mended here.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sightline.data.reading.cells import LONGEST_CELL, LONGEST_LINE, Table, opened, require_few
from sightline.data.table import printable
from sightline.errors import SightlineError
from sightline.system.spreadsheet import restore

_HEAD = 1 << 20  # bytes in which the names of the columns must end
_MOST_RAGGED = 1_000_000  # rows with more or fewer cells than there are columns
_SEP_LINE = re.compile(r'\s*"?sep=([^"])"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class _Form:
    """How a file is written."""

    encoding: str
    separator: str
    lines: int  # before the first row
    names: list[str]


def open_separated(path: Path) -> Table:
    """Open a CSV or TSV file.

    Raises:
        SightlineError: it cannot be read, or the names of its columns cannot.
    """
    with opened(path) as file:
        form = _form(path, file.read(_HEAD))
    require_few(path, columns=len(form.names))
    return Table(path, form.names, lambda wanted: _read(path, form, wanted))


_OTHERS = (
    (b"PK\x03\x04", "a spreadsheet or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel file"),
    (b"\x1f\x8b", "a compressed file"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
)
_POINTER = b"version https://git-lfs"


def _form(path: Path, head: bytes) -> _Form:
    for start, what in _OTHERS:
        if head.startswith(start):
            raise SightlineError(f"{path}: is named as a table of text, but is {what}. Save it as CSV in UTF-8.")
    if head.startswith(_POINTER):
        raise SightlineError(f"{path}: a Git LFS pointer: run `git lfs pull` in the repository it came from.")
    encoding = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, head[error.start : error.start + 1]) from error
    if "\0" in text:
        raise SightlineError(f"{path}: not text in UTF-8: it holds zero bytes. Save it again as CSV in UTF-8.")
    if text.lstrip()[:1] == "<":
        raise SightlineError(f"{path}: a web page, not a table. The site may want you to log in before the download.")
    separator, skipped = "", 0
    for line in io.StringIO(text, newline=""):
        if given := _SEP_LINE.fullmatch(line):
            separator = given[1]
        elif line.strip() and not line.startswith("#"):
            break
        skipped += len(line)
    rest = text[skipped:]
    if not rest.strip():
        raise SightlineError(f"{path}: is empty. Its first line must name the columns: path,label.")
    header = re.split(r"[\r\n]", rest, maxsplit=1)[0]
    if header == rest and len(head) == _HEAD:
        raise SightlineError(f"{path}: not a table: its first line has more than {_HEAD:,} bytes.")
    if path.suffix.lower() in (".tsv", ".tab"):
        separator = separator or "\t"
    # Spreadsheets in half of Europe write semicolons into what they call CSV.
    separator = separator or max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=separator, strict=True)
    before = len(text[:skipped].splitlines())
    try:
        names = [printable(restore(name)) for name in next(reader)]
    except csv.Error as error:
        raise SightlineError(f"{path}, line {before + reader.line_num}: not valid CSV ({error}).") from error
    return _Form(encoding, separator, before + reader.line_num, names)


def _not_utf8(path: Path, byte: bytes) -> SightlineError:
    shown = f" (it holds the byte 0x{byte.hex()})" if byte else ""
    return SightlineError(f"{path}: not text in UTF-8{shown}. Save it again as CSV in UTF-8.")


def _read(path: Path, form: _Form, wanted: Sequence[int]) -> pa.Table:
    """The wanted columns and the rows' numbers."""
    columns = [str(number) for number in range(len(form.names))]
    kept = [columns[number] for number in wanted]
    ragged: list[tuple[int, str]] = []

    def note(row: pa.csv.InvalidRow) -> str:
        ragged.append((row.number, row.text))
        return "skip" if len(ragged) <= _MOST_RAGGED else "error"

    with opened(path) as file:
        try:
            reader = pa.csv.open_csv(
                file,
                pa.csv.ReadOptions(
                    use_threads=False,  # or rows would not be numbered
                    block_size=LONGEST_LINE,
                    column_names=columns,
                    skip_rows=form.lines,
                    encoding="utf8" if form.encoding == "utf-8-sig" else form.encoding,
                ),
                pa.csv.ParseOptions(
                    delimiter=form.separator,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=note,
                ),
                pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False, include_columns=kept
                ),
            )
            batches, rows = [], 0
            for batch in reader:
                batches.append(batch)
                rows += len(batch)
                require_few(path, rows=rows + len(ragged))
            require_few(path, rows=rows + len(ragged))
        except (pa.ArrowException, UnicodeError) as error:
            if len(ragged) > _MOST_RAGGED:
                raise SightlineError(
                    f"{path}: more than {_MOST_RAGGED:,} rows have another number of cells than there are columns."
                ) from error
            raise _explained(path, str(error)) from error
    table = pa.Table.from_batches(batches, pa.schema([(name, pa.string()) for name in kept]))
    return _mended(path, form, wanted, table, ragged)


def _mended(
    path: Path, form: _Form, wanted: Sequence[int], table: pa.Table, ragged: Sequence[tuple[int, str]]
) -> pa.Table:
    """With the rows that had more or fewer cells than there are columns, and every row's number."""
    first = form.lines + 1
    numbers = np.arange(first, first + len(table) + len(ragged))
    odd = np.array([number for number, _ in ragged], dtype=np.int64)
    table = table.append_column("row", pa.array(np.setdiff1d(numbers, odd, assume_unique=True)))
    if ragged:
        rows = [_cells(path, form, number, text) for number, text in ragged]
        columns = [pa.array([row[number] for row in rows], pa.string()) for number in wanted]
        added = pa.Table.from_arrays([*columns, pa.array(odd)], names=table.column_names)
        table = pa.concat_tables([table, added]).sort_by("row")
    for name in table.column_names[:-1]:
        long = pc.greater(pc.binary_length(table[name]), LONGEST_CELL)
        if pc.any(long).as_py():
            row = table.filter(long)["row"][0].as_py()
            raise SightlineError(f"{path}, row {row}: not valid CSV (a cell has more than {LONGEST_CELL:,} bytes).")
    return table


def _cells(path: Path, form: _Form, number: int, text: str) -> list[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.separator, strict=True)
    try:
        cells = next(reader, [])
    except csv.Error as error:
        raise SightlineError(f"{path}, line {number}: not valid CSV ({error}).") from error
    if any(cells[len(form.names) :]):
        raise SightlineError(
            f"{path}, row {number}: has {len(cells)} cells, but the table has {len(form.names)} columns.\n"
            f"A text with {form.separator!r} in it must stand in quotes."
        )
    return [printable(cell) for cell in cells] + [""] * (len(form.names) - len(cells))


def _explained(path: Path, why: str) -> SightlineError:
    if "straddling" in why:
        return SightlineError(
            f"{path}: not valid CSV (a line has more than {LONGEST_LINE:,} bytes; a quote may not be closed)."
        )
    if "UTF8" in why or "decode" in why:
        return _not_utf8(path, b"")
    return SightlineError(f"{path}: not valid CSV: it cannot be taken apart into rows.")
