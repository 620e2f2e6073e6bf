"""decisions.csv: what `sightline train --decisions` reads."""

from __future__ import annotations

import csv
import io

from sightline.system.spreadsheet import defuse
from sightline.web.review.agreement import outcomes
from sightline.web.review.models import FINDING, RELABEL

COLUMNS = ("path", "decision", "label")


def rows(run: str) -> list[tuple[str, str, str]]:
    """(path, decision, label) of every settled photo of the dataset, by path. Visitors' photos are not part of it."""
    found = []
    for outcome in outcomes(run):
        if outcome.item.kind == FINDING and outcome.verdict is not None:
            decision, label = outcome.verdict
            found.append((outcome.item.path, decision, label if decision == RELABEL else outcome.item.label))
    return found


def decisions_csv(run: str) -> str:
    """The file's text; what a spreadsheet would take for a formula is written so that it does not."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([defuse(cell) for cell in row] for row in rows(run))
    return text.getvalue()
