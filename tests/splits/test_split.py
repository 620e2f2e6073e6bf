"""The split rules: proportions, whole groups, given splits, one seed, growing datasets, folds."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.errors import SightlineError, UsageError
from sightline.splits.split import carry, folds, split


def photos(counts, given_split="", group="", prefix="", digest=True):
    """A samples table with `counts` photos of each class."""
    rows = [(f"{prefix}{label}/{i}.jpg", label, given_split, group) for label, n in counts.items() for i in range(n)]
    table = pd.DataFrame(rows, columns=["path", "label", "split", "group"])
    if digest:
        table["digest"] = [hashlib.sha256(path.encode()).hexdigest() for path in table["path"]]
    return table


def counts_of(samples, parts):
    return pd.crosstab(samples["label"], np.asarray(parts))


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


# --- growing datasets -------------------------------------------------------------------------------------------


def grown(old, more):
    return pd.concat([old, more], ignore_index=True).sample(frac=1, random_state=3).reset_index(drop=True)


def test_carry_keeps_every_old_sample_and_the_proportions():
    old = photos({"a": 100, "b": 200})
    before = old.assign(split=split(old))
    now = grown(old, photos({"a": 40, "b": 20, "c": 20}, prefix="new"))
    parts = carry(before, now)
    where = dict(zip(before["path"], before["split"], strict=True))
    kept = now["path"].isin(where)
    assert (parts[kept] == now["path"][kept].map(where)).all()
    table = counts_of(now, parts)
    assert table.loc["a"].to_dict() == {"train": 98, "val": 21, "test": 21}
    assert table.loc["b"].to_dict() == {"train": 154, "val": 33, "test": 33}
    assert table.loc["c"].to_dict() == {"train": 14, "val": 3, "test": 3}


def test_carry_of_an_unchanged_dataset_changes_nothing():
    old = photos({"a": 100, "b": 200})
    before = old.assign(split=split(old, seed=5))
    assert (carry(before, old, seed=0) == before["split"]).all()


def test_carry_adds_a_few_at_a_time_without_starving_val_and_test():
    samples = photos({"a": 20, "b": 20})
    before = samples.assign(split=split(samples))
    for step in range(20):
        samples = pd.concat([samples, photos({"a": 1, "b": 1}, prefix=f"step{step}")], ignore_index=True)
        before = samples.assign(split=carry(before, samples))
    assert counts_of(samples, before["split"]).loc["a"].to_dict() == {"train": 28, "val": 6, "test": 6}


def test_carry_knows_a_renamed_photo_by_its_digest():
    old = photos({"a": 30, "b": 30})
    before = old.assign(split=split(old))
    renamed = old.assign(path=["x/" + path for path in old["path"]])
    assert (carry(before, renamed) == before["split"]).all()


def test_carry_puts_a_new_duplicate_beside_its_old_twin():
    old = photos({"a": 30, "b": 30})
    before = old.assign(split=split(old))
    more = photos({"a": 20, "b": 20}, prefix="new")
    now = pd.concat([old, more], ignore_index=True)
    groups = np.arange(100)
    groups[60:100] = groups[:40]
    parts = carry(before, now, groups)
    assert (parts[60:100].to_numpy() == parts[:40].to_numpy()).all()


def test_carry_keeps_the_splits_that_new_photos_bring_and_gives_way_to_the_old():
    old = photos({"a": 30, "b": 30})
    before = old.assign(split=split(old))
    now = pd.concat([old.assign(split="test"), photos({"a": 9, "b": 9}, "val", prefix="new")], ignore_index=True)
    parts = carry(before, now)
    assert (parts[:60].to_numpy() == before["split"].to_numpy()).all()
    assert (parts[60:] == "val").all()


def test_carry_never_trains_on_an_identical_file_that_was_tested_on():
    old = photos({"a": 30, "b": 30})
    before = old.assign(split=split(old))
    tested = before.index[before["split"] == "test"][0]
    trained = before.index[before["split"] == "train"][0]
    before.loc[trained, "digest"] = before.loc[tested, "digest"]  # a leak that given splits brought
    now = before.assign(split="").drop(index=trained).replace({"path": {before.loc[tested, "path"]: "renamed.jpg"}})
    parts = carry(before, now.reset_index(drop=True))
    assert parts[now.reset_index(drop=True)["path"] == "renamed.jpg"].tolist() == ["test"]


def test_carry_needs_three_photos_of_a_new_class():
    old = photos({"a": 30, "b": 30})
    before = old.assign(split=split(old))
    with pytest.raises(SightlineError, match="has no photo of c"):
        carry(before, pd.concat([old, photos({"c": 2})], ignore_index=True))


# --- folds ------------------------------------------------------------------------------------------------------


def test_folds_are_equal_to_one_sample_in_every_class_and_in_all():
    samples = photos({"a": 103, "b": 52, "c": 17})
    fold = folds(samples, None, 5)
    assert np.ptp(np.bincount(fold)) <= 1
    for label in "abc":
        assert np.ptp(np.bincount(fold[samples["label"] == label], minlength=5)) <= 1


def test_folds_keep_groups_whole_and_follow_only_the_seed():
    samples = photos({"a": 120, "b": 120})
    groups = np.arange(240) // 3
    fold = folds(samples, groups, 4)
    assert pd.Series(fold).groupby(groups).nunique().max() == 1
    assert (folds(samples, groups, 4) == fold).all()
    assert (folds(samples, groups, 4, seed=1) != fold).any()
    assert np.ptp(np.bincount(fold)) <= 3


def test_folds_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="2 or more"):
        folds(photos({"a": 9, "b": 9}), None, 1)
    with pytest.raises(SightlineError, match="'a' has 4 independent photos; --folds 5 needs 5"):
        folds(photos({"a": 4, "b": 9}), None, 5)


# --- whatever the dataset ---------------------------------------------------------------------------------------

datasets = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["", "", "", "g1", "g2", "g3", "g4"])),
    min_size=3,
    max_size=120,
)


def table_of(rows):
    samples = pd.DataFrame(
        [(f"{label}/{i}.jpg", label, "", group) for i, (label, _, group) in enumerate(rows)],
        columns=["path", "label", "split", "group"],
    )
    return samples, np.array([number for _, number, _ in rows])


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


@settings(max_examples=30, deadline=None)
@given(datasets, st.integers(0, 1000))
def test_carry_never_moves_an_old_sample(rows, seed):
    samples, groups = table_of(rows)
    samples["digest"] = [hashlib.sha256(path.encode()).hexdigest() for path in samples["path"]]
    old = np.random.default_rng(seed).random(len(rows)) < 0.7
    try:
        before = samples[old].assign(split=split(samples[old], groups[old], seed=seed))
        parts = carry(before, samples, groups, seed=seed)
    except SightlineError:
        return
    assert (parts[old] == before["split"]).all()
