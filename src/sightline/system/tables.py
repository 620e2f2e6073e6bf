"""Tables that are read back, Parquet and CSV: only regular files, bounded before they are unpacked, columns checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.errors import SightlineError
from sightline.system import regular
from sightline.system.spreadsheet import restored

MOST_BYTES = 4 << 30
"""Of a table's file."""
MOST_ROWS = 20_000_000
MOST_COLUMNS = 110_000
"""A probability for each of as many classes as a dataset may have, and what else there is."""
MOST_IN_MEMORY = 4 << 30
"""Bytes of a table once it is unpacked: repeated texts are a few bits each in a Parquet file."""
_HAIR = 1e-6  # by which a share may miss its range, for it is a sum of rounded numbers
_MOST_CSV = 256 << 20  # bytes: what Sightline writes as CSV has a row for each epoch or step


@dataclass(frozen=True)
class Columns:
    """What a table must have, and what its columns hold where it has them."""

    needs: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """Finite, unless `gaps`."""
    shares: tuple[str, ...] = ()
    """Numbers in 0-1."""
    flags: tuple[str, ...] = ()
    """True or false."""
    gaps: bool = False
    """A number may be missing."""


def read_if_there(path: Path, columns: Columns) -> pd.DataFrame:
    """A table; an empty one with the columns it needs where there is no file.

    Args:
        path: Parquet where the name ends in .parquet, CSV otherwise. An empty cell of a CSV file's text is "".
        columns: what it must have.

    Raises:
        SightlineError: it cannot be read, is too large, lacks a column, or a column holds something else.
    """
    if not path.exists() and not path.is_symlink():
        return pd.DataFrame(columns=list(columns.needs))
    table = _parquet(path) if path.suffix == ".parquet" else _csv(path, columns)
    if missing := [name for name in columns.needs if name not in table.columns]:
        raise SightlineError(f"{path}: is damaged: the column {missing[0]} is missing.")
    for name in columns.texts:
        if name in table and not all(isinstance(value, str) for value in table[name]):
            raise SightlineError(f"{path}: is damaged: the column {name} holds what is no text.")
    for name in columns.flags:
        if name in table and not all(isinstance(value, bool | np.bool_) for value in table[name]):
            raise SightlineError(f"{path}: is damaged: the column {name} holds what is neither true nor false.")
    for name in (*columns.numbers, *columns.shares):
        if name in table:
            table[name] = _numbers(table[name], columns.gaps, path)
    for name in columns.shares:
        if name in table:
            if ((table[name] < -_HAIR) | (table[name] > 1 + _HAIR)).any():
                raise SightlineError(f"{path}: is damaged: the column {name} holds a number outside 0–1.")
            table[name] = table[name].clip(0, 1)
    return table


def _numbers(column: pd.Series, gaps: bool, path: Path) -> pd.Series:
    try:
        numbers = pd.to_numeric(column)
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        values = np.array([np.inf])
    if np.isinf(values).any() or (not gaps and np.isnan(values).any()):
        raise SightlineError(f"{path}: is damaged: the column {column.name} holds what is no number.")
    return numbers


def _csv(path: Path, columns: Columns) -> pd.DataFrame:
    regular.require(path, _MOST_CSV)
    try:
        with regular.open_regular(path, _MOST_CSV) as file:
            kinds = dict.fromkeys(columns.texts, str)
            missing = _missing(columns)
            return restored(pd.read_csv(file, dtype=kinds, keep_default_na=False, na_values=missing, low_memory=False))
    except (OSError, ValueError, regular.Unreadable, MemoryError, OverflowError) as error:
        raise _damaged(path, error) from error


def _missing(columns: Columns) -> dict[str, list[str]]:
    """Only a number can be missing: a class may be called NA."""
    return {name: ["", "nan", "NaN"] for name in (*columns.numbers, *columns.shares)}


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    regular.require(path, MOST_BYTES)
    try:
        with regular.open_regular(path, MOST_BYTES) as source:
            file = parquet.ParquetFile(source)
            rows, columns = file.metadata.num_rows, file.metadata.num_columns
            if not 0 <= rows <= MOST_ROWS or columns > MOST_COLUMNS:
                raise SightlineError(
                    f"{path}: has {rows:,} rows and {columns:,} columns, too many to be a run's table."
                )
            batches, size = [], 0
            for batch in file.iter_batches(65_536, use_threads=False):
                size += batch.nbytes
                if size > MOST_IN_MEMORY:
                    raise SightlineError(f"{path}: unpacks to more than {MOST_IN_MEMORY >> 30} GB.")
                batches.append(batch)
            table: pd.DataFrame = pa.Table.from_batches(batches, schema=file.schema_arrow).to_pandas()
            return table
    except SightlineError:
        raise
    except Exception as error:  # whatever Arrow makes of a damaged file
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> SightlineError:
    if isinstance(error, MemoryError):
        return SightlineError(f"{path}: does not fit in memory.")
    kind = "Parquet" if path.suffix == ".parquet" else "CSV"
    return SightlineError(f"{path}: cannot be read: it is no {kind} table, or a damaged one.")
