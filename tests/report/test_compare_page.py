"""The page of a comparison: every run in every table and chart, differences with intervals, photos they disagree on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.judging.compare import compare
from sightline.report import compare_page
from sightline.runs.folder import RunFolder
from sightline.scenes.write import CLASSES

from .conftest import fill, photos


def several(tmp_path: Path, skills: tuple[float, ...]) -> list[RunFolder]:
    samples = photos(tmp_path / "scenes", CLASSES, 16)
    return [
        fill(RunFolder.create(tmp_path / f"run <{i}>"), tmp_path / "scenes", samples, CLASSES, skill=skill)
        for i, skill in enumerate(skills)
    ]


def test_any_number_of_runs_on_one_page(tmp_path: Path) -> None:
    runs = several(tmp_path, (1.0, 2.0, 4.0))
    found = compare(runs)
    page = compare_page.write(tmp_path / "out" / "compare.html", found, runs).read_text(encoding="utf-8")
    for i in (1, 2, 3):
        assert f'<path class="line run{i}"' in page and f'class="mark run{i}"' in page
    assert page.count('data-title="recall, points"') == 2 * len(CLASSES)
    for item in found.differences:
        assert item.verdict.replace("<", "&lt;").replace(">", "&gt;") in page
    assert "run <0>" not in page, "a name is text"
    assert f"They disagree on {found.disagreed:,}\u00a0photos" in page
    assert page.count("<img ") == len(found.disagreements) > 0
    assert "<script" not in page


def test_photos_on_which_they_disagree_are_those_that_only_some_got_right(make_run: Callable[..., RunFolder]) -> None:
    run = make_run(skill=3.0)
    other = RunFolder.create(run.path.parent / "other")
    for file in run.path.iterdir():
        if file.is_file():
            (other.path / file.name).write_bytes(file.read_bytes())
    table = other.predictions()
    columns = [name for name in table if name.startswith("p_")]
    place = table.index[(table["split"] == "test") & (table["label"] == table["predicted"])][0]
    turned = next(name for name in CLASSES if name != table.loc[place, "label"])
    table.loc[place, columns] = np.where(np.array(columns) == f"p_{turned}", 0.9, 0.02)
    table.loc[place, "predicted"] = turned
    other.write_predictions(table)
    found = compare([run, other])
    assert found.disagreed == 1
    (photo,) = found.disagreements
    assert photo.path == table.loc[place, "path"] and photo.label == table.loc[place, "label"]
    assert [said.predicted for said in photo.said] == [photo.label, turned]
    assert photo.said[1].confidence == 0.9


def test_a_run_without_epochs_has_no_line() -> None:
    table = pd.DataFrame({"val_accuracy": [0.5, 0.7], "val_loss": [1.0, 0.6]})
    charts = compare_page.curves([table, pd.DataFrame()])
    assert [chart["title"] for chart in charts] == ["Accuracy", "Loss"]
    assert "line run1" in charts[0]["chart"] and "line run2" not in charts[0]["chart"]
    assert "A 70.0" in charts[0]["chart"]
    assert compare_page.curves([pd.DataFrame(), pd.DataFrame()]) == []


def test_letters_and_colours_do_not_run_out() -> None:
    assert [compare_page.letter(i) for i in (0, 25, 26)] == ["A", "Z", "27"]
    assert compare_page.colour(6) == compare_page.colour(0)
