"""What is known of one run: its figures, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.library.row import row as row_of
from sightline.web.library.shelf import Shelved


def test_a_row_says_what_the_run_folder_says(run: Path) -> None:
    row = row_of(Shelved(run.name, RunFolder(run)))
    found = RunFolder(run).known_evaluation()
    assert (row.accuracy, (row.low, row.high), row.ece) == (found.accuracy, found.accuracy_ci95, found.ece)
    assert row.parameters and row.speed and row.status == "complete"


def test_a_damaged_run_does_not_take_the_others_with_it(shelf_of_three: Path, visitor: Client) -> None:
    (shelf_of_three / "beta" / "config.yaml").write_text("{nonsense: [")
    (shelf_of_three / "alpha" / "evaluation.json").write_text("{")
    page = visitor.get("/runs/")
    assert page.status_code == 200 and page.content.count(b"damaged") == 2
    assert visitor.get("/runs/beta/").status_code == 200
