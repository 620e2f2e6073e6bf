"""A dataset that has grown: every old sample keeps its side."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import counts_of, datasets, photos, table_of
from sightline.errors import SightlineError
from sightline.splits.carry import carry
from sightline.splits.split import split


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


def test_no_rows_one_row_one_class():
    before = photos({"a": 9}).assign(split="train")
    assert carry(before, before.iloc[:0]).tolist() == []
    assert carry(before.iloc[:0], photos({}), []).tolist() == []
    assert set(carry(before.iloc[:0], photos({"a": 9}))) == {"train", "val", "test"}
    with pytest.raises(SightlineError):
        carry(before, before.iloc[:1])
