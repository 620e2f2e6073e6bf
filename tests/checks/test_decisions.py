"""A person's decisions change the table, never a file; a mistake in them is named by line."""

from pathlib import Path

import pandas as pd
import pytest

from sightline.checks.decisions import apply_decisions, read_decisions
from sightline.data.table import Dataset, problem_table, sample_table
from sightline.errors import SightlineError

DATA = Dataset(
    "scenes",
    Path("/data/scenes"),
    sample_table(
        [("sea/a.jpg", "sea", "train", ""), ("sea/b.jpg", "sea", "test", ""), ("forest/c.jpg", "forest", "", "")]
    ),
    ("forest", "sea"),
    problem_table([]),
)


def written(tmp_path: Path, text: str) -> pd.DataFrame:
    path = tmp_path / "decisions.csv"
    path.write_text(text, encoding="utf-8")
    return read_decisions(path)


def test_keep_relabel_drop(tmp_path: Path) -> None:
    decisions = written(
        tmp_path, "path,decision,label\nsea/a.jpg,relabel,forest\nsea/b.jpg,drop,\nforest/c.jpg,keep,\n"
    )
    changed = apply_decisions(DATA, decisions)
    assert changed.samples[["path", "label"]].values.tolist() == [["sea/a.jpg", "forest"], ["forest/c.jpg", "forest"]]
    assert changed.problems[["path", "problem", "action"]].values.tolist() == [["sea/b.jpg", "dropped", "left out"]]
    assert DATA.samples["label"].tolist() == ["sea", "sea", "forest"], "the given table is not touched"


def test_a_spreadsheet_s_habits_are_forgiven_and_the_last_decision_counts(tmp_path: Path) -> None:
    decisions = written(tmp_path, "Path,Decision\nsea/a.jpg, Drop\nsea/a.jpg,KEEP\n")
    assert decisions.values.tolist() == [["sea/a.jpg", "keep", ""]]
    assert len(apply_decisions(DATA, decisions).samples) == 3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("path,decision\nsea/a.jpg,delete\n", "line 2: 'delete'"),
        ("path,decision,label\nsea/a.jpg,relabel,\n", "line 2: relabel needs a label"),
        ("path,what\nsea/a.jpg,drop\n", "no column decision"),
        ("", "cannot be read"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SightlineError, match=named):
        written(tmp_path, text)


def test_no_decisions_change_nothing(tmp_path: Path) -> None:
    assert apply_decisions(DATA, written(tmp_path, "path,decision\n")).samples.equals(DATA.samples)


def test_decisions_as_spreadsheets_write_them(tmp_path: Path) -> None:
    decisions = written(tmp_path, "sep=;\npath;decision;label\nsea/a.jpg;relabel;'=1\n\n'-b.jpg;drop;\n")
    assert decisions.values.tolist() == [["sea/a.jpg", "relabel", "=1"], ["-b.jpg", "drop", ""]]


def test_mistakes_about_the_dataset(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="desert"):
        apply_decisions(DATA, written(tmp_path, "path,decision,label\nsea/a.jpg,relabel,desert\n"))
    with pytest.raises(SightlineError, match="None of the 1 decisions"):
        apply_decisions(DATA, written(tmp_path, "path,decision\nelsewhere/a.jpg,drop\n"))
