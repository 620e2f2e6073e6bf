"""Answers about photos, through Python."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sightline
from sightline.errors import UsageError


def test_rows_follow_the_photos_and_the_table_is_written(run_path: Path, scenes: Path, tmp_path: Path) -> None:
    photos = [scenes / "sea" / "0003.jpg", scenes / "forest" / "0001.jpg"]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    table = sightline.predict(run_path, [*photos, broken], out=tmp_path / "p.csv")
    assert list(table["path"]) == [str(path) for path in (*photos, broken)]
    assert list(table["error"] != "") == [False, False, True]
    written = pd.read_csv(tmp_path / "p.csv", keep_default_na=False)
    assert list(written["path"]) == list(table["path"])
    assert list(written["predicted"]) == [*table["predicted"][:2], ""]


def test_a_folder_is_the_photos_in_it(run_path: Path, scenes: Path) -> None:
    whole = sightline.predict(run_path, scenes / "sea")
    assert len(whole) == 30
    alone = sightline.predict(run_path, str(scenes / "sea" / "0000.jpg"))
    assert alone["predicted"][0] == whole.set_index("path").loc[alone["path"][0], "predicted"]


def test_what_makes_no_sense_is_refused_before_any_work(run_path: Path, scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No PATH"):
        sightline.predict(run_path, [])
    with pytest.raises(UsageError, match=r"\.parquet"):
        sightline.predict(run_path, scenes, out=tmp_path / "p.xlsx")
    with pytest.raises(UsageError, match="holds no trained model"):
        sightline.predict(tmp_path, scenes)
