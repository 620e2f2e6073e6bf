"""sightline compare"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.cli.printing import Json, lines, print_json, table

if TYPE_CHECKING:
    from sightline.judging.comparison import Comparison


def compare(*runs: Path, json: Json = False) -> None:
    """Is one run better than another? Paired on the same test photos, class by class, with the cost.

    Parameters
    ----------
    runs
        Two or more complete runs. All are held against the first.
    json
        One JSON object on stdout.
    """
    from sightline.tasks.compare import compare as hold_against

    found = hold_against(*runs)
    if json:
        print_json(found.to_dict())
    else:
        _show(found)


def _show(found: Comparison) -> None:
    """Two tables, since one would not fit into 80 columns: how good the runs are, and what they cost."""
    runs = found.runs
    intervals = ["{:.1f}–{:.1f}".format(*(100 * end for end in run.accuracy_ci95)) for run in runs]
    table(
        ["run", "accuracy", "macro F1", "log loss"],
        [
            [
                run.name,
                f"{100 * run.accuracy:.1f} % ({interval})",
                f"{run.macro_f1:.3f}",
                f"{run.log_loss:.3f}",
            ]
            for run, interval in zip(runs, intervals, strict=True)
        ],
        title=f"On the same {found.n:,} test photos",
    )
    table(
        ["run", "parameters", "training", "images/s"],
        [
            [
                run.name,
                _or_dash(run.parameters, "{:,}"),
                _or_dash(run.train_seconds, "{:,.0f} s"),
                _or_dash(run.images_per_second, "{:,.0f}"),
            ]
            for run in runs
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
                    f"{row.n:,}",
                    f"{row.gained:,}",
                    f"{row.lost:,}",
                    f"{100 * row.difference:+.1f} ({100 * row.ci95[0]:+.1f} to {100 * row.ci95[1]:+.1f})",
                ]
                for name, row in difference.per_class.items()
            ],
            names=2,
        )
    if found.warning:
        lines("", f"Note: {found.warning}")


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
