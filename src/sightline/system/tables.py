"""Tables that are read back, Parquet and CSV: only regular files, bounded before they are unpacked, columns checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
_MOST_CSV = 256 << 20  # bytes: what Sightline writes as CSV has a row for each epoch or step


def read_if_there(
    path: Path, *, needs: Sequence[str] = (), numbers: Sequence[str] = (), texts: bool = False
) -> pd.DataFrame:
    """A table; an empty one with the columns it needs where there is no file.

    Args:
        path: Parquet where the name ends in .parquet, CSV otherwise.
        needs: columns that it must have.
        numbers: those among them that hold numbers.
        texts: an empty cell is an empty text, not a missing value.

    Raises:
        SightlineError: it cannot be read, is too large, or lacks a column.
    """
    if not path.exists() and not path.is_symlink():
        return pd.DataFrame(columns=list(needs)) if path.suffix != ".parquet" else pd.DataFrame()
    table = _parquet(path) if path.suffix == ".parquet" else _csv(path, texts)
    missing = [name for name in needs if name not in table.columns]
    if missing:
        raise SightlineError(f"{path}: is damaged: the column {missing[0]} is missing.")
    if "path" in needs:
        for name in needs:
            if not all(isinstance(value, str) for value in table[name]):
                raise SightlineError(f"{path}: is damaged: the column {name} holds what is no text.")
    for name in numbers:
        try:
            table[name] = pd.to_numeric(table[name])
        except (ValueError, TypeError) as error:
            raise SightlineError(f"{path}: is damaged: the column {name} holds what is no number.") from error
    return table


def _csv(path: Path, texts: bool) -> pd.DataFrame:
    regular.require(path, _MOST_CSV)
    try:
        with regular.open_regular(path, _MOST_CSV) as file:
            return restored(pd.read_csv(file, keep_default_na=not texts, low_memory=False))
    except (OSError, ValueError, regular.Unreadable, MemoryError) as error:
        raise _damaged(path, error) from error


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
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, regular.Unreadable, MemoryError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> SightlineError:
    if isinstance(error, MemoryError):
        return SightlineError(f"{path}: does not fit in memory.")
    kind = "Parquet" if path.suffix == ".parquet" else "CSV"
    return SightlineError(f"{path}: cannot be read: it is no {kind} table, or a damaged one.")
