"""Copies become leaks, conflicts, duplicates and bursts, each with its twin and its reason."""

import numpy as np
import pandas as pd

from sightline.checks.copies import check_copies
from sightline.checks.duplicates import Duplicates


def found(samples: list[tuple[str, str, str]], pairs: list[tuple[int, int, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(samples, columns=["path", "label", "split"])
    group = np.arange(len(table))
    for a, b, _, _ in pairs:
        group[group == group[b]] = group[a]
    return check_copies(table, Duplicates(group, pd.DataFrame(pairs, columns=["a", "b", "kind", "score"])))


def test_a_leak_names_the_copy_outside_of_training() -> None:
    rows = found([("a", "sea", "train"), ("b", "sea", "test")], [(0, 1, "near", 0.9)]).set_index("check")
    assert rows.loc["leak", ["path", "twin", "score", "flagged"]].tolist() == ["b", "a", 0.9, True]
    assert rows.loc["leak", "detail"] == "in test, and a changed copy in train"
    assert rows.loc["near-duplicate", "path"] == "b"
    assert len(rows) == 2


def test_a_conflict_suggests_the_label_of_the_majority() -> None:
    samples = [("a", "sea", ""), ("b", "glacier", ""), ("c", "glacier", "")]
    rows = found(samples, [(0, 1, "bytes", 1.0), (0, 2, "bytes", 1.0)])
    conflicts = rows[rows["check"] == "conflict"].set_index("path")
    assert conflicts["suggested_label"].to_dict() == {"a": "glacier", "b": "", "c": ""}
    assert conflicts["twin"].to_dict() == {"a": "b", "b": "a", "c": "a"}
    assert (rows["check"] == "duplicate").sum() == 2


def test_an_even_conflict_suggests_nothing() -> None:
    rows = found([("a", "sea", ""), ("b", "glacier", "")], [(0, 1, "pixels", 1.0)])
    assert set(rows[rows["check"] == "conflict"]["suggested_label"]) == {""}


def test_a_burst_is_flagged_only_across_parts() -> None:
    within = found([("a", "sea", "train"), ("b", "sea", "train")], [(0, 1, "burst", 0.7)])
    across = found([("a", "sea", "train"), ("b", "sea", "test")], [(0, 1, "burst", 0.7)])
    assert within[["check", "flagged"]].values.tolist() == [["burst", False]]
    assert across[["check", "flagged"]].values.tolist() == [["burst", True]]
    assert across.loc[0, "detail"] == "one of 2 photos of one scene, in test and train"


def test_copies_joined_by_a_third_are_still_one_photo() -> None:
    samples = [("a", "sea", "train"), ("b", "sea", "train"), ("c", "sea", "test")]
    rows = found(samples, [(0, 1, "near", 0.8), (1, 2, "near", 0.9)])
    leak = rows[rows["check"] == "leak"].iloc[0]
    assert (leak["path"], leak["twin"], leak["score"]) == ("c", "a", 0.9)


def test_without_copies_nothing() -> None:
    assert len(found([("a", "sea", ""), ("b", "sea", "")], [])) == 0
