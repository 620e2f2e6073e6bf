"""The folder that every peer is given."""

import csv
from collections import Counter

import pytest

from stand.lay import lay


def table(folder):
    with open(folder / "split.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_each_class_is_split_and_every_file_is_where_the_table_says(photos, tmp_path):
    assert lay(photos, tmp_path / "laid", 20) == 20
    rows = table(tmp_path / "laid")
    assert Counter((row["label"], row["split"]) for row in rows) == Counter(
        {(name, split): n for name in ("north", "south") for split, n in (("train", 6), ("val", 2), ("test", 2))}
    )
    for row in rows:
        split, name, file = row["path"].split("/")
        assert (split, name) == (row["split"], row["label"])
        assert (tmp_path / "laid" / row["path"]).read_bytes() == (photos / name / file).read_bytes()


def test_the_same_photos_every_time_and_fewer_where_fewer_are_asked(photos, tmp_path):
    lay(photos, tmp_path / "one", 8)
    lay(photos, tmp_path / "two", 8)
    assert table(tmp_path / "one") == table(tmp_path / "two")
    assert len(table(tmp_path / "one")) == 8
    assert lay(photos, tmp_path / "all", 1000) == 20


def test_what_was_interrupted_is_laid_again(photos, tmp_path):
    (tmp_path / "laid/train/west").mkdir(parents=True)
    (tmp_path / "laid/train/west/half.jpg").touch()
    lay(photos, tmp_path / "laid", 20)
    assert not (tmp_path / "laid/train/west").exists()


def test_one_class_is_refused(photos, tmp_path):
    for path in (photos / "south").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="two class folders"):
        lay(photos, tmp_path / "laid", 20)
