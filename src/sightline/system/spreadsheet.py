"""Cells that a spreadsheet would take for something else: written so that it does not, and taken back on reading.

A cell that begins a formula (`=1+1`, `-x`, `@a`) is run by whoever opens the table; a tab or line break in a name moves
what follows into another cell or row. Such a cell is written with an apostrophe before it, and its control characters
as `\t`, `\n`, `\r`. Whatever is written so is read back unchanged, and a cell that needs none of this stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

_BEGINS = r"\s*[=+\-@＝＋－＠]"
_HARMFUL = re.compile(
    rf"^{_BEGINS}"  # a formula
    "|[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"  # all that ends a line somewhere
    rf"|[;|](?={_BEGINS})"  # the same where a spreadsheet splits cells at another separator than the comma
)
_DEFUSED = re.compile(r"^'\s*['=+\-@＝＋－＠]|^'.*\\[tnru]", re.DOTALL)
_TOUCHED = "^'|^\\s*[=+\\-@＝＋－＠]|[;|\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"  # what may need either; no look-ahead
_NAMES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def defuse(cell: str) -> str:
    """A cell as it is written."""
    if _HARMFUL.search(cell) or restore(cell) != cell:
        return "'" + re.sub(r"\\|[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029;|]", _escape, cell)
    return cell


def _escape(found: re.Match[str]) -> str:
    return _NAMES.get(found[0]) or f"\\u{ord(found[0]):04x}"


def restore(cell: str) -> str:
    """A cell as it was before `defuse`."""
    if not _DEFUSED.search(cell):
        return cell
    return re.sub(r"\\(u[0-9a-f]{4}|[\\tnr])", _control, cell[1:])


def _control(found: re.Match[str]) -> str:
    name = found[1]
    return chr(int(name[1:], 16)) if name[0] == "u" else {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}[name]


def defused(table: pd.DataFrame) -> pd.DataFrame:
    """A table with every cell of text, and every column's name, defused."""
    return _mapped(table.rename(columns=lambda name: defuse(str(name))), _TOUCHED, defuse)


def restored(table: pd.DataFrame) -> pd.DataFrame:
    """A table as it was before `defused`."""
    return _mapped(table.rename(columns=lambda name: restore(str(name))), "^'", restore)


def read_csv(path: str | Path) -> pd.DataFrame:
    """A CSV table that Sightline wrote; empty cells of text are "".

    Raises:
        OSError, ValueError: it cannot be read, or is no CSV.
    """
    return restored(pd.read_csv(path, keep_default_na=False))


def to_csv(table: pd.DataFrame, path: Path | None = None) -> str:
    """A table as CSV that any spreadsheet may open: written to `path`, or returned."""
    written = defused(table).to_csv(path, index=False, lineterminator="\n", errors="backslashreplace")
    return written or ""


def _texts(table: pd.DataFrame) -> Iterator[tuple[int, pd.Series, pd.Series]]:
    """The columns that hold text: the number of each, the column, and its texts (missing where a cell is none)."""
    for number in range(table.shape[1]):
        column = table.iloc[:, number]
        if column.dtype == object:
            yield number, column, column.map(_text).astype("str")
        elif pd.api.types.is_string_dtype(column):
            yield number, column, column


def _text(cell: object) -> str | None:
    return cell.encode("utf-8", "backslashreplace").decode() if isinstance(cell, str) else None


def _mapped(table: pd.DataFrame, touched: str, change: Callable[[str], str]) -> pd.DataFrame:
    """A copy in which `change` was applied to the texts that match `touched`: most tables have few."""
    for number, column, text in _texts(table):
        rows = text.str.contains(touched, regex=True, na=False).to_numpy(dtype=bool)
        if rows.any():
            new = column.to_numpy(dtype=object, copy=True)
            new[rows] = [change(cell) for cell in new[rows]]
            table.isetitem(number, pd.Series(new, column.index, dtype=column.dtype).array)
    return table
