"""A planted weakness is named; luck is not."""

import numpy as np
import pandas as pd
import pytest

from sightline.judging.slices import COLUMNS, described, leaked, slices, twins, worst


def photos(n=900, seed=0):
    generator = np.random.default_rng(seed)
    label = generator.choice(["forest", "glacier", "sea"], n)
    return pd.DataFrame(
        {
            "path": [f"{'north' if i % 3 else 'south'}/{name}/{i}.jpg" for i, name in enumerate(label)],
            "label": label,
            "width": generator.integers(100, 2000, n),
            "height": generator.integers(100, 2000, n),
            "brightness": generator.uniform(0, 255, n),
        }
    )


def test_a_planted_weakness_in_the_dark_is_named():
    samples = photos()
    right = np.random.default_rng(1).random(900) < np.where(samples["brightness"] < 85, 0.6, 0.95)
    table = slices(samples, right)
    assert list(table) == list(COLUMNS)
    assert table[table["worse"]]["kind"].tolist() == ["brightness"]
    sentence = worst(table)
    assert sentence.startswith("Worse than on all other photos: dark photos (brightness below 8")
    assert "% right (" in sentence


@pytest.mark.parametrize("column", ["label", "path"])
def test_a_planted_weak_class_or_folder_is_named(column):
    samples = photos()
    weak = samples[column].str.startswith("glacier" if column == "label" else "south").to_numpy()
    right = np.random.default_rng(2).random(900) < np.where(weak, 0.6, 0.97)
    assert worst(slices(samples, right)).startswith(
        "Worse than on all other photos: " + ("class glacier" if column == "label" else "photos from south")
    )


def test_equal_photos_are_rarely_called_worse():
    called = sum(
        slices(photos(300, seed), np.random.default_rng(seed).random(300) < 0.9)["worse"].any() for seed in range(60)
    )
    assert called <= 8  # one-sided: about 2.5 % of 60 expected
    assert worst(slices(photos(), np.ones(900))) == "No kind of photo is clearly worse than the rest."


def test_every_photo_is_in_one_slice_of_each_kind():
    table = slices(photos(), np.arange(900) % 10 > 0, np.where(np.arange(900) % 2, "leaked", ""))
    assert table.groupby("kind")["n"].sum().to_dict() == dict.fromkeys(
        ("class", "size", "brightness", "folder", "twins"), 900
    )
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()


def test_what_all_photos_share_makes_no_slice():
    samples = photos().assign(width=150, height=150, path=lambda t: t["label"] + "/a.jpg", brightness=np.nan)
    assert set(slices(samples, np.ones(900))["kind"]) == {"class"}


def test_handfuls_are_left_out():
    assert not len(slices(photos(9), np.ones(9)))


def test_twins_are_found_across_splits():
    groups = [0, 0, 1, 2, 2, 3, 3]
    splits = ["train", "test", "test", "test", "test", "train", "train"]
    assert twins(groups, splits).tolist() == ["same", "leaked", "", "same", "same", "same", "same"]


def test_accuracy_with_and_without_leaked_twins():
    found = leaked([True, True, False, True], ["leaked", "leaked", "", ""])
    assert found.leaked == 2
    assert (found.with_leaked.accuracy, found.without_leaked.accuracy) == (0.75, 0.5)
    assert leaked([True], ["leaked"]).without_leaked is None


def test_slices_read_as_words():
    assert described("size", "small (side below 80 pixels)") == "small photos (side below 80 pixels)"
    assert described("twins", "without a twin") == "photos without a twin"


def test_a_kind_with_one_slice_left_is_not_shown():
    samples = photos().assign(width=150, height=150)
    samples.loc[:2, "width"] = 100  # too few to be a slice of their own
    assert "size" not in set(slices(samples, np.ones(900))["kind"])
