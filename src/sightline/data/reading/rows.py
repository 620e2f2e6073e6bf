"""A table by its suffix: CSV, TSV, JSON lines or Parquet."""

from __future__ import annotations

from pathlib import Path

from sightline.data.reading.cells import Table
from sightline.data.reading.json_lines import open_json_lines
from sightline.data.reading.naming import SPREADSHEET_SUFFIXES
from sightline.data.reading.parquet import open_parquet
from sightline.data.reading.separated import open_separated
from sightline.errors import SightlineError


def open_table(path: Path) -> Table:
    """Open a table.

    Raises:
        SightlineError: it cannot be read, is empty or too large, or is not the kind of table that its name says.
    """
    suffix = path.suffix.lower()
    if suffix in SPREADSHEET_SUFFIXES:
        raise SightlineError(f"{path}: a spreadsheet, which is not read. Save it as CSV in UTF-8, and give that.")
    if suffix in (".jsonl", ".ndjson"):
        return open_json_lines(path)
    return open_parquet(path) if suffix == ".parquet" else open_separated(path)
