"""Tables that are read back are bounded and checked; a damaged one is one line."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from sightline.errors import SightlineError
from sightline.system import tables
from sightline.system.files import write_table
from sightline.system.tables import Columns, read_if_there


def test_a_table_comes_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"path": ["a", "b\n"], "label": ["NA", "x"], "n": [1, 2]})
    columns = Columns(("path", "label"), texts=("path", "label"), numbers=("n",))
    for name in ("t.parquet", "t.csv"):
        write_table(tmp_path / name, table)
        pd.testing.assert_frame_equal(read_if_there(tmp_path / name, columns), table)


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    assert len(read_if_there(tmp_path / "t.parquet", Columns())) == 0
    assert list(read_if_there(tmp_path / "t.csv", Columns(("a", "b")))) == ["a", "b"]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_only_regular_files_are_opened(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(SightlineError, match=f"{name}: cannot be read: a FIFO"):
        read_if_there(tmp_path / name, Columns())
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(SightlineError, match="a device"):
        read_if_there(tmp_path / name, Columns())


def test_a_column_that_is_missing_or_holds_something_else_is_named(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", pd.DataFrame({"path": [1, 2], "label": ["a", "b"]}))
    with pytest.raises(SightlineError, match="the column path holds what is no text"):
        read_if_there(tmp_path / "t.parquet", Columns(("path", "label"), texts=("path", "label")))
    with pytest.raises(SightlineError, match="the column split is missing"):
        read_if_there(tmp_path / "t.parquet", Columns(("split",)))
    (tmp_path / "t.csv").write_text("epoch,loss\n1,high\n")
    with pytest.raises(SightlineError, match="the column loss holds what is no number"):
        read_if_there(tmp_path / "t.csv", Columns(("epoch", "loss"), numbers=("epoch", "loss")))


@pytest.mark.parametrize("value", [-0.1, 1.1, 39.0, -1e300])
def test_a_share_outside_its_range_is_damage(tmp_path: Path, value: float) -> None:
    """Found by the search: probabilities of 0 to 53 came as far as the figures."""
    write_table(tmp_path / "t.parquet", pd.DataFrame({"p_sea": [0.5, value]}))
    with pytest.raises(SightlineError, match="the column p_sea holds a number outside 0–1"):
        read_if_there(tmp_path / "t.parquet", Columns(("p_sea",), shares=("p_sea",)))


def test_a_share_may_miss_its_range_by_a_hair(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", pd.DataFrame({"p_sea": [1.0000001, -1e-8]}))
    assert read_if_there(tmp_path / "t.parquet", Columns(("p_sea",), shares=("p_sea",)))["p_sea"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_table_cut_short_is_one_line(tmp_path: Path, share: float) -> None:
    write_table(tmp_path / "t.parquet", pd.DataFrame({"path": [f"{i}" for i in range(999)]}))
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SightlineError, match="no Parquet table, or a damaged one"):
        read_if_there(tmp_path / "t.parquet", Columns())


def test_repeated_texts_are_bounded_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = pa.DictionaryArray.from_arrays(np.zeros(300_000, np.int32), pa.array(["x" * 10_000]))
    parquet.write_table(pa.table({"path": long}), tmp_path / "t.parquet", store_schema=False)
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000, "a small file for three gigabytes of text"
    monkeypatch.setattr(tables, "MOST_IN_MEMORY", 100 << 20)
    with pytest.raises(SightlineError, match="unpacks to more than"):
        read_if_there(tmp_path / "t.parquet", Columns())


def test_rows_and_columns_are_counted_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "t.parquet", pd.DataFrame({"path": ["a"] * 50}))
    monkeypatch.setattr(tables, "MOST_ROWS", 49)
    with pytest.raises(SightlineError, match="50 rows and 1 columns, too many"):
        read_if_there(tmp_path / "t.parquet", Columns())


@pytest.mark.parametrize(
    ("columns", "text", "said"),
    [
        (Columns(numbers=("x",)), "x\n1\n\n2\n", ""),
        (Columns(numbers=("x",)), "x,y\n1,a\n,b\n", "the column x holds what is no number"),
        (Columns(numbers=("x",), gaps=True), "x,y\n1,a\n,b\n", ""),
        (Columns(numbers=("x",), gaps=True), "x\n1\ninf\n", "the column x holds what is no number"),
        (Columns(flags=("x",)), "x\nTrue\nFalse\n", ""),
        (Columns(flags=("x",)), "x\nTrue\nperhaps\n", "neither true nor false"),
        (Columns(texts=("x",)), "x\n5\nNA\n", ""),
    ],
)
def test_what_columns_hold(tmp_path: Path, columns: Columns, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    if said:
        with pytest.raises(SightlineError, match=said):
            read_if_there(tmp_path / "t.csv", columns)
    elif columns.texts:
        assert read_if_there(tmp_path / "t.csv", columns)["x"].tolist() == ["5", "NA"]
    else:
        read_if_there(tmp_path / "t.csv", columns)
