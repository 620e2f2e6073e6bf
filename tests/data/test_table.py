"""The dataset table: counts, leaving out, and names that are not valid Unicode."""

from pathlib import Path

from sightline.data.table import (
    PROBLEM_COLUMNS,
    SAMPLE_COLUMNS,
    Dataset,
    printable,
    problem_table,
    sample_table,
    shortened,
)


def small() -> Dataset:
    rows = [("a/1.jpg", "a", "train", ""), ("a/2.jpg", "a", "test", ""), ("b/1.jpg", "b", "train", "p1")]
    return Dataset("small", Path("/photos"), sample_table(rows), ("a", "b"), problem_table([]))


def test_counts_has_a_row_per_class_and_a_column_per_split_in_their_order():
    counts = small().counts()
    assert list(counts.index) == ["a", "b"]
    assert list(counts.columns) == ["train", "test"]
    assert counts.loc["b", "test"] == 0
    assert counts.to_numpy().sum() == len(small()) == 3


def test_counts_keeps_a_class_that_lost_its_last_photo():
    left = small().leaving_out([2], [("b/1.jpg", "empty", "the file has no bytes", "left out")])
    assert left.counts().loc["b"].sum() == 0
    assert left.classes == ("a", "b")
    assert list(left.samples.index) == [0, 1]
    assert left.problems.iloc[0].to_list() == ["b/1.jpg", "empty", "the file has no bytes", "left out"]
    assert len(small().problems) == 0


def test_tables_have_their_columns_even_when_empty():
    assert tuple(sample_table([]).columns) == SAMPLE_COLUMNS
    assert tuple(problem_table([]).columns) == PROBLEM_COLUMNS
    empty = Dataset("none", Path("/photos"), sample_table([]), ("a",), problem_table([]))
    assert empty.counts().shape == (1, 0)


def test_printable_writes_undecodable_bytes_out_and_leaves_the_rest():
    assert printable("forêt 森/1.jpg") == "forêt 森/1.jpg"
    assert printable("caf\udce9.jpg") == "caf\\udce9.jpg"


def test_a_long_list_is_cut():
    assert shortened(["a", "b"]) == "a, b"
    assert shortened(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert shortened(list("abcdefg"), 2, "classes") == "a, b and 5 more classes"
    assert shortened([]) == ""
    assert shortened(["x" * 500, "y"]) == "x" * 79 + "…, y"
