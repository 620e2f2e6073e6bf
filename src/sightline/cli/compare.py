"""sightline compare"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.cli.printing import Json, lines, print_json, table
from sightline.system import words

if TYPE_CHECKING:
    from sightline.judging.comparison import Comparison


def compare(*runs: Path, out: Path | None = None, json: Json = False) -> None:
    """Is one run better than another? Paired on the same test photos, class by class, with the cost.

    Parameters
    ----------
    runs
        Two or more complete runs. All are held against the first.
    out
        Also write a page: curves over one another, intervals, the photos on which they disagree. A .html file, or a
        folder for compare.html.
    json
        One JSON object on stdout.
    """
    from sightline.system.progress import note
    from sightline.tasks.compare import compare as hold_against

    found = hold_against(*runs, out=out)
    if json:
        print_json(found.to_dict())
    else:
        _show(found)
    if out is not None:
        note(f"Page: {out if out.suffix == '.html' else out / 'compare.html'}")


def _show(found: Comparison) -> None:
    """Two tables, since one would not fit into 80 columns: how good the runs are, and what they cost."""
    table(
        ["run", "accuracy", "macro F1", "log loss"],
        [
            [
                run.name,
                f"{words.percent(run.accuracy)} ({words.span(run.accuracy_ci95)})",
                words.percent(run.macro_f1),
                words.number(run.log_loss),
            ]
            for run in found.runs
        ],
        title=f"On the same {found.n:,} test photos",
    )
    table(
        ["run", "weights", "training", "photos/s"],
        [
            [
                run.name,
                "–" if run.parameters is None else words.count(run.parameters),
                "–" if run.train_seconds is None else words.duration(run.train_seconds),
                "–" if run.images_per_second is None else words.count(run.images_per_second),
            ]
            for run in found.runs
        ],
        title="\nWhat they cost",
    )
    for difference in found.differences:
        lines("", difference.verdict)
        table(
            ["class", "", "photos", "gained", "lost", "recall, points"],
            [
                [
                    name,
                    "clear" if row.clear else "could be chance" if row.gained + row.lost else "",
                    words.count(row.n),
                    words.count(row.gained),
                    words.count(row.lost),
                    f"{words.points(row.difference)} ({words.points(row.ci95[0])} to {words.points(row.ci95[1])})",
                ]
                for name, row in difference.per_class.items()
            ],
            names=2,
        )
    if found.warning:
        lines("", f"Note: {found.warning}")
