"""From a folder of photos to a learning rate."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sightline.tasks.lr import find_lr


def test_folder_to_suggestion_and_plot(scenes: Path, tmp_path: Path) -> None:
    found = find_lr(scenes, recipe="demo-scratch", steps=20, img_size=64, out=tmp_path / "lr")
    assert 1e-6 < found.suggestion < 1.0
    assert list(pd.read_csv(tmp_path / "lr" / "lr.csv")["lr"]) == found.to_dict()["lr"]
    assert (tmp_path / "lr" / "lr.svg").stat().st_size > 1000
