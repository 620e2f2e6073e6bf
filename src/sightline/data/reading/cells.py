"""Tables that people write -> columns of text: CSV with any usual separator, TSV, JSON lines, Parquet.

Everything is text here. No cell is taken for a number or for "missing" because of how it looks: a class may well be
called `NA`, `001` or `true`. A table may come from anyone, so its rows, columns, lines and cells are counted before
memory is taken for them, and only the columns that are asked for are read at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sightline.data.table import printable
from sightline.errors import SightlineError
from sightline.system import regular, spreadsheet

MOST_BYTES = 1 << 30
"""Of a table's file: a list of ten million photos has less."""
MOST_ROWS = 20_000_000
MOST_COLUMNS = 10_000
LONGEST_LINE = 4 << 20  # bytes
LONGEST_CELL = 131_072  # bytes
MOST_TEXT = 4 << 30  # bytes of all cells that are asked for; a table in Parquet may repeat one text without end


@dataclass(frozen=True)
class Table:
    """A table that was opened: what its columns are called is known, its rows are not read yet."""

    path: Path
    names: list[str]
    cells: Callable[[Sequence[int]], pa.Table]
    """Reads columns by their numbers: text without nulls, in that order, and last `row`, the number of each row."""

    def read(self, columns: Mapping[str, int]) -> pd.DataFrame:
        """Read some columns.

        Args:
            columns: what to call each column -> its number among `names`.

        Returns:
            The columns as text. The index is the number of each row as a spreadsheet counts, where the names of a CSV
            file are row 1. Rows in which all of these cells are empty are left out.

        Raises:
            SightlineError: the table is damaged, or larger than a list of photos can be.
        """
        cells = self.cells(list(columns.values()))
        filled: pa.ChunkedArray | None = None
        for name in cells.column_names[:-1]:
            there = pc.not_equal(cells[name], "")
            filled = there if filled is None else pc.or_(filled, there)
        if filled is not None:
            cells = cells.filter(filled)
        frame = pd.DataFrame(
            {name: pd.array(cells.column(n), dtype="str") for n, name in enumerate(columns)},
            index=pd.Index(cells["row"].to_numpy(), name="row"),
        )
        return spreadsheet.restored(frame) if self.path.suffix.lower() in (".csv", ".tsv", ".tab") else frame


def opened(path: Path) -> BufferedReader:
    """A table's file, to be closed by the caller.

    Raises:
        SightlineError: it cannot be read, is no plain file, or is larger than a list of photos can be.
    """
    try:
        return regular.open_regular(path, MOST_BYTES)
    except regular.Unreadable as error:
        raise SightlineError(f"{path}: cannot be read: {error.detail}.") from error


def require_few(path: Path, *, rows: int = 0, columns: int = 0) -> None:
    """Stop where a table has more rows or columns than a list of photos can have."""
    if rows > MOST_ROWS:
        raise SightlineError(f"{path}: has more than {MOST_ROWS:,} rows, more than any list of photos needs.")
    if columns > MOST_COLUMNS:
        raise SightlineError(f"{path}: has more than {MOST_COLUMNS:,} columns, more than any list of photos needs.")


def as_text(value: object) -> str:
    """A value as text; whole numbers lose the `.0` that a column with gaps gives them."""
    if value is None or value != value:  # NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return printable(str(value))
