"""Parquet tables of paths and labels. What a file claims of itself is checked before it is believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sightline.data.reading.cells import LONGEST_CELL, MOST_TEXT, Table, as_text, opened, require_few
from sightline.errors import SightlineError

_AT_ONCE = 65_536  # rows


def open_parquet(path: Path) -> Table:
    """Open a Parquet file; columns of lists and structs are passed over.

    Raises:
        SightlineError: it cannot be read, or claims more rows or columns than a list of photos has.
    """
    import pyarrow.parquet as pq

    with opened(path) as file:
        head = file.read(4)
        try:
            about = pq.ParquetFile(file)
            schema, rows = about.schema_arrow, about.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            why = "it breaks off: fetch it again" if head == b"PAR1" else "it does not begin as one"
            raise SightlineError(f"{path}: not a readable Parquet file ({why}).") from error
    require_few(path, rows=rows, columns=len(schema))
    flat = [name for name, kind in zip(schema.names, schema.types, strict=True) if not pa.types.is_nested(kind)]
    return Table(path, flat, lambda wanted: _read(path, [flat[number] for number in wanted]))


def _read(path: Path, names: Sequence[str]) -> pa.Table:
    """Some columns as text, and the rows' numbers, counted from 1."""
    import pyarrow.parquet as pq

    left = MOST_TEXT
    batches: list[pa.Table] = []
    rows = 0
    with opened(path) as file:
        try:
            # Texts stay coded, each once and a number in every row: a small file can repeat a long one without end.
            about = pq.ParquetFile(file, read_dictionary=list(names))
            for batch in about.iter_batches(batch_size=_AT_ONCE, columns=list(names)):
                texts = [_coded(batch.column(name)) for name in names]
                for text in texts:
                    lengths = pc.binary_length(text.dictionary)
                    left -= pc.sum(lengths.take(text.indices)).as_py() or 0
                    if left < 0 or (pc.max(lengths).as_py() or 0) > LONGEST_CELL:
                        raise SightlineError(f"{path}: its cells hold far more text than a list of photos does.")
                numbers = pa.array(range(rows + 1, rows + 1 + len(batch)), pa.int64())
                plain = [text.dictionary_decode().cast(pa.string()) for text in texts]
                batches.append(pa.Table.from_arrays([*plain, numbers], names=[*map(str, range(len(names))), "row"]))
                rows += len(batch)
                require_few(path, rows=rows)
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise SightlineError(f"{path}: not a readable Parquet file (it is damaged inside).") from error
    kinds = [(str(number), pa.string()) for number in range(len(names))]
    return pa.concat_tables(batches) if batches else pa.schema([*kinds, ("row", pa.int64())]).empty_table()


def _coded(column: pa.Array) -> pa.DictionaryArray:
    """A column as codes of texts; nulls become ""."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode("encode")
    texts = column.dictionary
    if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
        texts.validate(full=True)  # bytes that are no text would only be noticed much later
        texts = texts.cast(pa.string()).fill_null("")
    else:
        texts = pa.array([as_text(value) for value in texts.to_pylist()], pa.string())
    codes = column.indices.cast(pa.int64())
    if column.null_count:
        codes = pc.fill_null(codes, len(texts))
        texts = pa.concat_arrays([texts, pa.array([""], pa.string())])
    return pa.DictionaryArray.from_arrays(codes, texts)
