"""Whether a classifier can come of a dataset."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.data.table import Dataset, problem_table, sample_table
from sightline.data.usable import require_usable
from sightline.errors import SightlineError


def data(counts: dict[tuple[str, str], int], problem_rows=()) -> Dataset:
    rows = [
        (f"{label}/{split}{number}.jpg", label, split, "")
        for (label, split), count in counts.items()
        for number in range(count)
    ]
    classes = tuple(sorted({label for label, _ in counts}))
    return Dataset("d", Path("/photos"), sample_table(rows), classes, problem_table(problem_rows))


def says(dataset: Dataset) -> str:
    with pytest.raises(SightlineError) as caught:
        require_usable(dataset)
    text = str(caught.value)
    assert "/photos" in text
    assert text.count("\n") <= 1
    return text


def test_enough_is_enough():
    require_usable(data({("a", ""): 3, ("b", ""): 3}))
    require_usable(data({(c, s): 1 for c in "ab" for s in ("train", "val", "test")}))


def test_no_photos():
    assert "no photos" in says(data({}))


def test_all_bad():
    bad = [(f"a/{n}.jpg", "truncated" if n else "empty", "the reason", "left out") for n in range(3)]
    text = says(data({("a", ""): 0}, bad))
    assert "none of its 3 photos" in text
    assert "2 truncated, 1 empty" in text
    assert "'a/0.jpg': the reason" in text


def test_a_decoder_that_breaks_down_over_every_photo_is_not_the_photos_doing():
    bad = [(f"a/{n}.jpg", "crash", "the decoder broke down over it", "left out") for n in range(3)]
    text = says(data({("a", ""): 0}, bad))
    assert "3 crash" in text and "look for too little memory" in text


@given(
    st.lists(
        st.tuples(st.sampled_from(["crash", "empty", "truncated", "timeout", "too-large"]), st.text("ab ", min_size=1)),
        min_size=1,
        max_size=8,
    )
)
def test_no_photo_is_left_out_for_no_reason(bad):
    rows = [(f"a/{n}.jpg", problem, f"it is {detail}", "left out") for n, (problem, detail) in enumerate(bad)]
    text = says(data({("a", ""): 0}, rows))
    assert f"none of its {len(bad)} photos" in text
    assert "()" not in text and "nan" not in text and ": ." not in text
    for problem in {problem for problem, _ in bad}:
        assert problem in text


def test_one_class():
    assert "only one class, 'a'" in says(data({("a", ""): 30}))


def test_too_few():
    text = says(data({("a", ""): 30, ("b", ""): 2, ("c", ""): 0}))
    assert "class 'b' has 2 usable photos" in text
    assert "class 'c' has 0 usable photos" in text


def test_too_few_because_left_out():
    bad = [("b/9.jpg", "empty", "x", "left out"), ("a/1.jpg", "gray", "x", "converted")]
    assert "1 file was left out" in says(data({("a", ""): 30, ("b", ""): 1}, bad))


def test_many_small_classes_are_not_all_listed():
    text = says(data({(f"class{number:03d}", ""): 1 for number in range(200)}))
    assert "195 more classes" in text
    assert len(text) < 600


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_class_missing_from_a_split(split):
    counts = {(c, s): 5 for c in "ab" for s in ("train", "val", "test")}
    counts["b", split] = 0
    text = says(data(counts))
    assert f"the {split} part" in text
    assert "'b'" in text
