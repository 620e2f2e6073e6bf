import pandas as pd
import pytest

from sightline.data.table import problem_table
from sightline.report import material


def table(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["path", "label", "split"])


def sized(*sizes: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(sizes, columns=["width", "height"])


def test_counts_by_class_and_split() -> None:
    samples = table([("a", "sea", "train"), ("b", "sea", "test"), ("c", "ice", "train")])
    found = material.counts(samples, ["ice", "sea"])
    assert found["splits"] == ["train", "test"]
    assert [(row["label"], row["parts"], row["total"]) for row in found["rows"]] == [
        ("ice", [1, 0], 1),
        ("sea", [1, 1], 2),
    ]
    assert (found["totals"], found["total"]) == ([2, 1], 3)


def test_balance_names_the_largest_and_the_smallest() -> None:
    even = table([("a", "sea", ""), ("b", "ice", "")])
    assert "same size" in material.balance(even, ["ice", "sea"])
    uneven = table([(str(i), "sea", "") for i in range(6)] + [("x", "ice", "")])
    assert material.balance(uneven, ["ice", "sea"]) == (
        "The largest class, sea, has 6.0 times as many photos (6) as the smallest, ice (1)."
    )


@pytest.mark.parametrize(
    ("sizes", "odd", "said"),
    [
        ([(150, 150)] * 4, [], "Every photo is 150 × 150 pixels."),
        ([(150, 150)] * 4 + [(150, 76)], [4], "1\u00a0photo has another size"),
        ([(400 + i, 300 + i % 7) for i in range(40)] + [(30, 4000)], [40], "1\u00a0photo stands out"),
    ],
)
def test_sizes_and_the_odd_ones(sizes: list[tuple[int, int]], odd: list[int], said: str) -> None:
    found = material.sizes(sized(*sizes))
    assert found is not None
    assert found.odd.nonzero()[0].tolist() == odd
    assert said in found.sentence


def test_unknown_sizes_are_left_out() -> None:
    assert material.sizes(table([("a", "sea", "")])) is None
    assert material.sizes(sized((0, 0))) is None


def test_notes_are_counted_one_by_one() -> None:
    samples = pd.DataFrame({"notes": ["exif-rotated; gray", "gray", ""]})
    assert material.notes(samples) == [("gray", 2), ("exif-rotated", 1)]


def test_copies_across_splits_and_labels() -> None:
    samples = table([("a", "sea", "train"), ("b", "sea", "test"), ("c", "ice", "train"), ("d", "sea", "train")])
    found = material.copies(samples.assign(duplicate_group=[1, 1, 2, 2]))
    assert found == {"groups": 2, "photos": 4, "across": 1, "conflicting": 1}
    assert material.copies(samples) is None


def test_problems_are_listed_where_files_were_lost_and_counted_where_not() -> None:
    rows = [("a.jpg", "truncated", "cut short", "left out")]
    rows += [(f"{i}.jpg", "gray", "", "one channel") for i in range(3)]
    found = material.problems(problem_table(rows))
    assert [row["path"] for row in found["left_out"]] == ["a.jpg"]
    assert [(row["problem"], row["n"], row["path"]) for row in found["converted"]] == [("gray", 3, "0.jpg")]


def test_photos_are_drawn_at_random_but_always_the_same() -> None:
    samples = table([(f"{i}", "sea", "") for i in range(50)])
    once = material.drawn(samples, "sea", 5)
    assert len(set(once)) == 5 and once == material.drawn(samples, "sea", 5)
    assert material.drawn(samples, "ice", 5) == []
