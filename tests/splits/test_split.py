"""The split rules: proportions, whole groups, given splits, one seed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import counts_of, datasets, photos, table_of
from sightline.errors import SightlineError, UsageError
from sightline.splits.split import split

# --- without given splits ---------------------------------------------------------------------------------------


def test_a_dataset_without_splits_is_cut_70_15_15_in_every_class():
    samples = photos({"cat": 100, "dog": 1000, "owl": 20})
    table = counts_of(samples, split(samples))
    assert table.loc["cat"].to_dict() == {"train": 70, "val": 15, "test": 15}
    assert table.loc["dog"].to_dict() == {"train": 700, "val": 150, "test": 150}
    assert table.loc["owl"].to_dict() == {"train": 14, "val": 3, "test": 3}


def test_odd_ones_go_to_val_and_test_in_turn():
    samples = photos(dict.fromkeys("abcd", 10))  # 7, 1.5 and 1.5
    parts = split(samples)
    assert parts.value_counts().to_dict() == {"train": 28, "val": 6, "test": 6}


def test_three_photos_are_enough_for_a_class():
    samples = photos({"cat": 3, "dog": 50})
    assert sorted(split(samples)[samples["label"] == "cat"]) == ["test", "train", "val"]


def test_the_series_has_the_index_of_the_samples():
    samples = photos({"cat": 10, "dog": 10}).sample(frac=1, random_state=1)
    parts = split(samples)
    assert parts.index.equals(samples.index)
    assert parts.name == "split"


def test_the_seed_moves_the_split_and_nothing_else_does():
    samples = photos({"cat": 60, "dog": 60})
    first, again, other = split(samples), split(samples), split(samples, seed=1)
    assert (first == again).all()
    assert (first != other).mean() > 0.2


def test_the_split_is_the_same_everywhere():
    """Worked out once and written down: a change of machine, library or row order must not move anybody's split."""
    samples = photos({"cat": 20, "dog": 20})
    parts = split(samples)
    assert samples["path"][parts == "test"].tolist() == [
        "cat/1.jpg",
        "cat/2.jpg",
        "cat/5.jpg",
        "dog/7.jpg",
        "dog/9.jpg",
        "dog/17.jpg",
    ]
    assert samples["path"][parts == "val"].tolist() == [
        "cat/9.jpg",
        "cat/11.jpg",
        "cat/13.jpg",
        "dog/1.jpg",
        "dog/2.jpg",
        "dog/10.jpg",
    ]


def test_a_renamed_photo_stays_where_it_was():
    samples = photos({"cat": 40, "dog": 40})
    renamed = samples.assign(path=[f"moved/{i}.jpg" for i in range(len(samples))])
    assert (split(samples) == split(renamed)).all()


def test_duplicates_and_groups_stay_on_one_side():
    samples = photos({"cat": 60, "dog": 60})
    samples["group"] = [f"camera {i // 5}" if i % 3 else "" for i in range(120)]
    duplicates = np.arange(120)
    duplicates[1::10] = duplicates[0::10]
    parts = split(samples, duplicates)
    for numbers in (duplicates, samples["group"].where(samples["group"] != "", samples["path"]).to_numpy()):
        assert pd.Series(parts).groupby(numbers).nunique().max() == 1


def test_proportions_stay_near_exact_with_groups_of_many_sizes():
    rng = np.random.default_rng(0)
    samples = photos({"cat": 400, "dog": 300, "owl": 200})
    groups = rng.integers(0, 120, len(samples))  # groups of about 8, each with several classes
    table = counts_of(samples, split(samples, groups))
    exact = table.sum(axis=1).to_numpy()[:, None] * np.array([0.15, 0.7, 0.15])
    assert np.abs(table[["test", "train", "val"]].to_numpy() - exact).max() <= 5


def test_uneven_parts_for_the_sake_of_a_large_group_are_mentioned(capsys):
    samples = photos({"cat": 50, "dog": 50})
    groups = np.where(np.arange(100) % 50 < 40, 0, np.arange(100))
    parts = split(samples, groups)
    assert set(parts[groups == 0]) == {"train"}
    assert "No group was broken up" in capsys.readouterr().err


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_photos_of_a_class_is_a_clear_error(count):
    with pytest.raises(SightlineError, match=rf"Class 'cat' has {count} independent photos?; .*one each"):
        split(photos({"cat": count, "dog": 50}))


def test_too_few_independent_photos_of_a_class_is_a_clear_error():
    samples = photos({"cat": 10, "dog": 50})
    samples.loc[:8, "group"] = "one camera"
    with pytest.raises(SightlineError, match=r"'cat' has 2 independent photos \(10 in all, but copies and groups"):
        split(samples)


def test_groups_that_tie_classes_together_too_much_are_a_clear_error():
    # Each class has three groups, but one of them ties the classes, and the others leave dog out of a part.
    samples = photos({"cat": 3, "dog": 3})
    groups = np.array([0, 1, 2, 0, 1, 2])
    assert set(split(samples, groups)) == {"train", "val", "test"}
    tied = pd.concat([samples, photos({"owl": 3})], ignore_index=True)
    parts = split(tied, np.array([0, 1, 2, 0, 1, 2, 0, 3, 4]))
    assert counts_of(tied, parts).to_numpy().min() == 1
    # Six classes of three groups each, such that no way of putting 4 groups into 3 parts serves them all.
    pairs = [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]
    impossible = photos({f"c{i}": 3 for i in range(4)})
    with pytest.raises(SightlineError, match="make them finer"):
        split(impossible, np.array([group for triple in pairs for group in triple]))


# --- given splits -----------------------------------------------------------------------------------------------


def test_given_splits_are_kept_even_where_duplicates_cross_them():
    samples = pd.concat([photos({"a": 9, "b": 9}, part, prefix=part) for part in ("train", "val", "test")])
    samples = samples.reset_index(drop=True)
    parts = split(samples, np.zeros(len(samples), int), seed=7)
    assert (parts == samples["split"]).all()


@pytest.mark.parametrize(("has", "lacks"), [("test", "val"), ("val", "test")])
def test_a_lone_missing_part_takes_15_percent_of_train(has, lacks):
    samples = pd.concat([photos({"a": 200, "b": 100}, "train"), photos({"a": 50, "b": 50}, has, prefix=has)])
    samples = samples.reset_index(drop=True)
    groups = np.arange(len(samples)) // 2
    parts = split(samples, groups)
    table = counts_of(samples, parts)
    assert table.loc["a", [lacks, "train", has]].to_list() == [30, 170, 50]
    assert table.loc["b", [lacks, "train", has]].to_list() == [15, 85, 50] or table.loc["b", lacks] in (14, 16)
    assert (parts[samples["split"] == has] == has).all()
    assert pd.Series(parts).groupby(groups).nunique().max() == 1


def test_a_training_part_alone_counts_as_no_split():
    samples = photos({"a": 100, "b": 100})
    assert (split(samples) == split(samples.assign(split="train"))).all()


def test_a_dataset_without_a_training_part_cannot_be_trained_on():
    with pytest.raises(SightlineError, match="has a test part but none to train on"):
        split(photos({"a": 10, "b": 10}, "test"))


def test_a_class_missing_from_a_given_part_is_named():
    samples = pd.concat([photos({"a": 9, "b": 9, "c": 9}, "train"), photos({"a": 9, "c": 9}, "test", prefix="t")])
    with pytest.raises(SightlineError, match="test part has no photo of b"):
        split(samples.reset_index(drop=True))


def test_a_class_with_one_training_photo_cannot_give_any_to_val():
    samples = pd.concat([photos({"a": 9, "b": 1}, "train"), photos({"a": 9, "b": 9}, "test", prefix="t")])
    with pytest.raises(SightlineError, match="'b' has 1 independent photo; train, and val which is taken from it"):
        split(samples.reset_index(drop=True))


def test_rows_without_a_split_join_their_group_and_the_rest_are_dealt():
    parts = [photos({"a": 70, "b": 70}, "train"), photos({"a": 15, "b": 15}, "val", prefix="v")]
    parts += [photos({"a": 15, "b": 15}, "test", prefix="t"), photos({"a": 100, "b": 100}, "", prefix="new")]
    samples = pd.concat(parts, ignore_index=True)
    groups = np.arange(len(samples))
    groups[[200, 201]] = groups[np.flatnonzero(samples["split"] == "test")[:2]]
    result = split(samples, groups)
    assert list(result[[200, 201]]) == ["test", "test"]
    assert counts_of(samples, result).loc["a"].to_dict() == {"train": 140, "val": 30, "test": 30}


def test_given_training_rows_are_kept_where_other_rows_have_no_split():
    samples = pd.concat([photos({"a": 60, "b": 60}, "train"), photos({"a": 40, "b": 40}, prefix="new")])
    samples = samples.reset_index(drop=True)
    result = split(samples)
    assert (result[:120] == "train").all()
    assert counts_of(samples, result).loc["a"].to_dict() == {"train": 70, "val": 15, "test": 15}


# --- per class --------------------------------------------------------------------------------------------------


def test_per_class_takes_equal_numbers_and_leaves_the_rest_to_test():
    samples = photos({"rose": 641, "daisy": 633, "tulip": 799})
    table = counts_of(samples, split(samples, per_class=500))
    assert (table["train"] == 425).all()
    assert (table["val"] == 75).all()
    assert table["test"].to_dict() == {"rose": 141, "daisy": 133, "tulip": 299}


def test_per_class_keeps_groups_whole():
    samples = photos({"rose": 60, "tulip": 80})
    groups = np.arange(140) // 2
    parts = split(samples, groups, per_class=40)
    assert pd.Series(parts).groupby(groups).nunique().max() == 1
    assert counts_of(samples, parts)[["train", "val"]].sum(axis=1).to_list() == [40, 40]


def test_per_class_says_what_is_possible():
    with pytest.raises(SightlineError, match=r"class 'rose' has only 20 photos.* Try 17"):
        split(photos({"rose": 20, "tulip": 80}), per_class=20)
    with pytest.raises(UsageError, match="brings its own splits"):
        split(photos({"rose": 20, "tulip": 80}, "train"), per_class=10)
    with pytest.raises(UsageError, match="4 or more"):
        split(photos({"rose": 20, "tulip": 80}), per_class=3)


# --- whatever the dataset ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(datasets, st.integers(0, 1000))
def test_no_group_ever_crosses_and_rows_may_come_in_any_order(rows, seed):
    samples, groups = table_of(rows)
    try:
        parts = split(samples, groups, seed=seed)
    except SightlineError:
        return
    assert pd.Series(parts).groupby(groups).nunique().max() == 1
    grouped = samples["group"] != ""
    if grouped.any():
        assert parts[grouped].groupby(samples["group"][grouped]).nunique().max() == 1
    assert counts_of(samples, parts).to_numpy().min() >= 1

    order = np.random.default_rng(seed).permutation(len(rows))
    again = split(samples.iloc[order].reset_index(drop=True), groups[order], seed=seed)
    assert (again.to_numpy() == parts.to_numpy()[order]).all()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(3, 90), min_size=1), st.integers(0, 1000))
def test_proportions_are_exact_without_groups(counts, seed):
    samples = photos(counts, digest=False)
    table = counts_of(samples, split(samples, seed=seed))
    for label, n in counts.items():
        for part, share in (("train", 0.7), ("val", 0.15), ("test", 0.15)):
            assert abs(table.loc[label, part] - share * n) < 1 or table.loc[label, part] == 1 or n < 7


@pytest.mark.parametrize("per_class", [None, 4])
def test_no_rows_one_row_one_class(per_class):
    assert split(photos({}), per_class=per_class).tolist() == []
    with pytest.raises((SightlineError, UsageError)):
        split(photos({"a": 1}), per_class=per_class)
    assert set(split(photos({"a": 9}), per_class=per_class)) == {"train", "val", "test"}


def test_classes_of_three_are_not_called_groups(capsys):
    parts = split(photos({f"class{n}": 3 for n in range(30)}))
    assert parts.value_counts().to_dict() == {"train": 30, "val": 30, "test": 30}
    said = capsys.readouterr().err
    assert "Some classes have so few photos that the split is uneven: train 33 %, val 33 %, test 33 %" in said
    assert "group" not in said
