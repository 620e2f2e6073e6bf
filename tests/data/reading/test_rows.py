"""Tables as text: separators, encodings, and no cell taken for what it is not."""

import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.data.reading import cells, headers
from sightline.data.reading.rows import open_table
from sightline.errors import SightlineError


class Whole:
    """All of a table: its names, its rows, and each row with its number."""

    def __init__(self, path):
        table = open_table(path)
        self.names = table.names
        known = [name for name in table.names if path.suffix != ".jsonl" or headers.is_known(name)]
        cells = table.read({str(number): table.names.index(name) for number, name in enumerate(known)})
        self.rows = cells.to_numpy().tolist()
        self.numbered = list(zip(cells.index, self.rows, strict=True))


def rows_of(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Whole(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_separator(tmp_path, separator):
    rows = rows_of(tmp_path / "t.csv", f"path{separator}label\na.jpg{separator}cat\n")
    assert rows.names == ["path", "label"]
    assert rows.numbered == [(2, ["a.jpg", "cat"])]


def test_quotes_line_ends_and_blank_lines(tmp_path):
    rows = rows_of(tmp_path / "t.csv", b'path,label\r\n"a, b\n.jpg","the ""cat"""\r\n\r\nc.jpg,dog')
    assert rows.numbered == [(2, ["a, b\n.jpg", 'the "cat"']), (4, ["c.jpg", "dog"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_write(tmp_path, encoding):
    rows = rows_of(tmp_path / "t.csv", "path;label\nä.jpg;Bäume\n".encode(encoding))
    assert rows.names == ["path", "label"]
    assert rows.rows == [["ä.jpg", "Bäume"]]


def test_cells_that_look_like_numbers_or_nothing_stay_text(tmp_path):
    rows = rows_of(tmp_path / "t.csv", "path,label\na,NA\nb,001\nc,nan\nd,None\ne,True\n")
    assert [row[1] for row in rows.rows] == ["NA", "001", "nan", "None", "True"]


def test_json_lines(tmp_path):
    rows = rows_of(tmp_path / "t.jsonl", '{"file_name": "a.jpg", "label": 3}\n\n{"label": null, "group": 1.5}\n')
    assert rows.names == ["file_name", "label", "group"]
    assert rows.numbered == [(1, ["a.jpg", "3", ""]), (3, ["", "", "1.5"])]


def test_parquet_keeps_whole_numbers_whole(tmp_path):
    table = pd.DataFrame({"path": ["a", "b", None], "label": [1.0, None, 2.0], "kind": pd.Categorical(["x", "y", "x"])})
    table.to_parquet(tmp_path / "t.parquet")
    rows = Whole(tmp_path / "t.parquet")
    assert rows.names == ["path", "label", "kind"]
    assert rows.rows == [["a", "1", "x"], ["b", "", "y"], ["", "2", "x"]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"path,label\n\xff\xe9\n", "not text in UTF-8"),
        ("t.csv", b"path\0label\n", "zero bytes"),
        ("t.csv", "path,label\na,b\n".encode("utf-16-le"), "zero bytes"),
        ("t.csv", b"PK\x03\x04 and more", "named as a table of text, but is a spreadsheet"),
        ("t.tsv", b"\xd0\xcf\x11\xe0\xa1\xb1", "is an Excel file"),
        ("t.csv", b"\x1f\x8b\x08", "is a compressed file"),
        ("t.csv", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("t.csv", b'path,label\n"a,b\n', "line 2: not valid CSV"),
        ("t.csv", b'path,label\n"' + b"x" * 200_000 + b'",b\n', "not valid CSV"),
        ("t.jsonl", b'{"path": 1}\n[1]\n', "line 2: not a JSON object"),
        ("t.jsonl", b"{", "line 1: not JSON"),
        ("t.jsonl", b"[" * 100_000, "line 1: not JSON"),
        ("t.parquet", b"PAR1 but no more", "not a readable Parquet"),
        ("t.parquet", b"", "not a readable Parquet"),
    ],
)
def test_what_is_no_table_says_so(tmp_path, name, content, message):
    with pytest.raises(SightlineError, match=message):
        rows_of(tmp_path / name, content)


def test_a_missing_file(tmp_path):
    with pytest.raises(SightlineError, match="cannot be read"):
        open_table(tmp_path / "t.csv")


@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]))
def test_any_bytes_give_a_table_or_a_plain_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    try:
        rows = rows_of(path, content)
    except SightlineError as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(cell, str) for row in rows.rows for cell in row)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tab", "path\tlabel\na\tb,c\n"),
        ("t.ndjson", '{"path": "a", "label": "b,c"}'),
        ("T.TSV", "path\tlabel\na\tb,c"),
    ],
)
def test_tables_under_other_suffixes(tmp_path, name, content):
    rows = rows_of(tmp_path / name, content)
    assert (rows.names, rows.rows) == (["path", "label"], [["a", "b,c"]])


def test_what_stands_above_the_names_of_the_columns(tmp_path):
    rows = rows_of(tmp_path / "t.csv", "\n# made by hand\nsep=;\npath;label\na,b.jpg;cat\n")
    assert rows.names == ["path", "label"]
    assert rows.numbered == [(5, ["a,b.jpg", "cat"])]


def test_rows_with_more_or_fewer_cells(tmp_path):
    rows = rows_of(tmp_path / "t.csv", "path,label,split\na.jpg,cat\nb.jpg,dog,train,,\nc.jpg,owl,test\nd.jpg\n")
    assert rows.numbered == [
        (2, ["a.jpg", "cat", ""]),
        (3, ["b.jpg", "dog", "train"]),
        (4, ["c.jpg", "owl", "test"]),
        (5, ["d.jpg", "", ""]),
    ]
    with pytest.raises(SightlineError, match=r"row 3: has 3 cells, but the table has 2 columns.\nA text with ','"):
        rows_of(tmp_path / "t.csv", "path,label\na.jpg,cat\nb.jpg,dog, black\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"p" * (2 << 20), "its first line has more than"),
        ("t.csv", b"path,label\n" + b"x" * (9 << 20) + b",b\n", "a line has more than"),
        ("t.csv", ",".join(f"c{n}" for n in range(10_001)).encode() + b"\n", "more than 10,000 columns"),
        ("t.csv", b"<!doctype html><table>", "a web page"),
        ("t.csv", b"path,label\na,b\n\xe9,c\n", "not text in UTF-8"),
        ("t.jsonl", b"\n".join(b'{"k%d": 1}' % n for n in range(10_001)), "more than 10,000 columns"),
        ("t.jsonl", b'{"path": "' + b"x" * (5 << 20) + b'"}', "it has more than"),
        ("t.jsonl", b'{"path": "' + b"x" * 200_000 + b'"}', "a cell has more than"),
        ("t.xlsx", b"PK\x03\x04", "a spreadsheet, which is not read. Save it as CSV"),
        ("t.ods", b"PK\x03\x04", "a spreadsheet"),
        ("t.parquet", b"PAR1" + bytes(100), "breaks off: fetch it again"),
    ],
)
def test_what_is_no_table_or_too_much_of_one_is_said(tmp_path, name, content, message):
    with pytest.raises(SightlineError, match=message):
        rows_of(tmp_path / name, content)


def test_a_small_parquet_file_that_repeats_a_long_text_takes_no_memory(tmp_path):
    codes = pa.DictionaryArray.from_arrays(pa.array([0] * 3_000_000, pa.int32()), ["x" * 100_000])
    pq.write_table(pa.table({"path": codes, "label": codes}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 10 << 20
    with pytest.raises(SightlineError, match="far more text than a list of photos"):
        Whole(tmp_path / "t.parquet")


def test_too_many_rows_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MOST_ROWS", 10)
    pq.write_table(pa.table({"path": ["a"] * 11, "label": ["b"] * 11}), tmp_path / "t.parquet")
    for name, content in (
        ("t.csv", "path,label\n" + "a,b\n" * 11),
        ("ragged.csv", "path,label\n" + "a\n" * 11),
    ):
        (tmp_path / name).write_text(content)
    for name in ("t.parquet", "t.csv", "ragged.csv"):
        with pytest.raises(SightlineError, match="more than 10 rows"):
            Whole(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(SightlineError, match="not a file"):
        open_table(tmp_path / "t.csv")


def test_bytes_that_are_no_text_in_parquet(tmp_path):
    pq.write_table(pa.table({"path": [b"a\xff.jpg"], "label": ["b"]}), tmp_path / "t.parquet")
    assert Whole(tmp_path / "t.parquet").rows == [["a\ufffd.jpg", "b"]]
