"""What a spreadsheet would run or break is written harmless, and comes back as it was."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sightline.system.files import write_table
from sightline.system.spreadsheet import defuse, read_csv, restore, to_csv

CHARACTERS = "'=+-@\\\t\n\r\x0b\u2028＝ abtnu0123;,|\"é"


@given(st.text(CHARACTERS, max_size=12))
@example("'=1")
@example("'\\t")
@example("''")
@example("'a\\u0041")
def test_every_cell_comes_back_and_none_begins_a_formula_or_breaks_a_line(cell):
    written = defuse(cell)
    assert restore(written) == cell
    assert written.lstrip()[:1] not in {*"=+-@＝＋－＠"} or not written
    assert len(written.splitlines()) <= 1
    assert "\t" not in written


@pytest.mark.parametrize(
    "cell", ["cats/1.jpg", "it's", "'t Hooft", "a-b", "a;b|c", "x=1", "C:\\new\\table", "", " a", "1e-5"]
)
def test_plain_cells_stay_as_they_are(cell):
    assert defuse(cell) == cell
    assert restore(cell) == cell


@given(st.lists(st.tuples(st.text(CHARACTERS, max_size=8), st.text(CHARACTERS, max_size=8)), min_size=1, max_size=5))
def test_tables_come_back_whatever_separator_the_spreadsheet_takes(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    table = pd.DataFrame([("a", "b"), *rows], columns=["=name", "label"], dtype="str").assign(number=-1.5)
    write_table(path, table)
    pd.testing.assert_frame_equal(read_csv(path), table, check_dtype=False)
    text = path.read_text(encoding="utf-8")
    for separator in ",;|\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert not any(cell.lstrip()[:1] in {*"=+@＝＋－＠"} and cell.lstrip() for cell in row)


def test_numbers_and_empty_cells_are_left_alone():
    table = pd.DataFrame({"n": [-1, 2], "x": [-0.5, None], "t": [None, "-1"], "o": pd.Series([-1, "@a"], dtype=object)})
    assert to_csv(table) == "n,x,t,o\n-1,-0.5,,-1\n2,,'-1,'@a\n"


def test_a_name_that_is_no_unicode_does_no_harm(tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame({"path": pd.Series(["b\udcff=c"], dtype=object)}))
    assert (tmp_path / "t.csv").read_text() == "path\nb\\udcff=c\n"
