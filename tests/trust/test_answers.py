"""The columns of an answer are written and read in one place."""

import numpy as np
import pytest

from sightline.trust import answers

CLASSES = ("sea", "ice|snow", "street")


def test_a_table_of_answers_comes_back() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    table = answers.judged(p, p > 0.15, [True, False], ["unsure", "unfamiliar"], CLASSES)
    assert list(table) == [
        "predicted", "confidence", "p_sea", "p_ice|snow", "p_street", "set", "familiar", "decision",
    ]  # fmt: skip
    assert table["predicted"].tolist() == ["sea", "street"] and table["confidence"].tolist() == [0.7, 0.6]
    assert table["set"][0] == "sea|ice\\|snow"
    assert answers.parted(table["set"][0]) == ["sea", "ice|snow"]
    np.testing.assert_array_equal(answers.probabilities(table, CLASSES), p)


def test_no_photos_give_the_same_columns() -> None:
    nothing = np.empty((0, 3))
    table = answers.judged(nothing, nothing, [], [], CLASSES)
    assert list(table)[:5] == ["predicted", "confidence", *answers.columns(CLASSES)] and not len(table)


def test_a_class_without_a_column_is_an_error() -> None:
    with pytest.raises(KeyError):
        answers.probabilities(answers.named([[0.5, 0.5]], ("a", "b")), ("a", "c"))
