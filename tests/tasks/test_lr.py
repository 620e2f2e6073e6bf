"""From a folder of photos to a learning rate."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from sightline.tasks.lr import find_lr


def test_folder_to_suggestion_and_plot(scenes: Path, tmp_path: Path) -> None:
    found = find_lr(scenes, recipe="demo-scratch", steps=20, img_size=64, out=tmp_path / "lr")
    assert 1e-6 < found.suggestion < 1.0
    table = pd.read_csv(tmp_path / "lr" / "lr.csv")
    assert list(table) == ["lr", "loss", "smooth"]
    assert list(table["lr"]) == found.to_dict()["lr"]
    picture = ElementTree.parse(tmp_path / "lr" / "lr.svg").getroot()  # noqa: S314 (our own)
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert f"{found.suggestion:.2g} suggested" in "".join(picture.itertext())
