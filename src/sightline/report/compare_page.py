"""compare.html: runs held against the first of them, for a person to decide between them.

All that is said comes from `judging.compare`; curves come from the run folders, photos from the dataset. Runs are
called A, B, C … on the page, each with a colour of its own, because their names are too long to stand beside a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup

from sightline.judging.comparison import Comparison, Difference
from sightline.report import charts, page, svg
from sightline.report.page import Shown
from sightline.report.photos import Album
from sightline.runs.folder import RunFolder
from sightline.system import words
from sightline.system.files import write_text

COLOURS = 6
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def write(path: Path, found: Comparison, runs: Sequence[RunFolder]) -> Path:
    """Write the page and return its path.

    Args:
        path: a .html file.
        found: what comparing the runs gave.
        runs: the same runs, in the same order.

    Raises:
        SightlineError: a file of a run is damaged, or the page cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, render(found, runs))
    return path


def render(found: Comparison, runs: Sequence[RunFolder]) -> str:
    """The page itself; arguments and errors as `write`."""
    album = Album.of_run(runs[0])
    context = shown(found, runs)
    context["photos"] = [
        {**row, "photo": album.take(item.path)}
        for row, item in zip(context["photos"], found.disagreements, strict=True)
    ]
    sections = [
        ("runs", "The runs", True),
        ("differences", "Differences", True),
        ("classes", "Class by class", True),
        ("curves", "How they learned", bool(context["curves"])),
        ("photos", "Where they disagree", bool(found.disagreed)),
    ]
    context["sections"] = [(key, name) for key, name, there in sections if there]
    return page.render("compare.html", title=f"{words.listing(run.name for run in found.runs)}, compared", **context)


def shown(found: Comparison, runs: Sequence[RunFolder]) -> Shown:
    """What the page and the site show of a comparison; its photos are still without pictures."""
    marks = [letter(i) for i in range(len(runs))]
    low = charts.floor(min(run.accuracy_ci95[0] for run in found.runs))
    lined = []
    for i, run in enumerate(found.runs):
        whisker = charts.whisker(run.accuracy, run.accuracy_ci95, low, 1.0, colour(i))
        lined.append({"mark": marks[i], "colour": colour(i), **vars(run), "whisker": whisker})
    return {
        "n": found.n,
        "warning": found.warning,
        "runs": lined,
        "low": low,
        "key": [(f"{mark} {run.name}", colour(i)) for i, (mark, run) in enumerate(zip(marks, found.runs, strict=True))],
        "differences": [_difference(item, i + 1) for i, item in enumerate(found.differences)],
        "reach": max((_reach(item) for item in found.differences), default=0.1),
        "curves": curves([run.metrics() for run in runs]),
        "disagreed": found.disagreed,
        "photos": [
            {
                "path": item.path,
                "label": item.label,
                "said": [
                    {"mark": marks[i], "right": said.predicted == item.label, **vars(said)}
                    for i, said in enumerate(item.said)
                ],
            }
            for item in found.disagreements
        ],
    }


def curves(tables: Sequence[pd.DataFrame]) -> list[Shown]:
    """Accuracy and loss on validation photos, the lines of all runs in one chart each."""
    made = []
    for column, title, note, share in (
        ("val_accuracy", "Accuracy", "on the validation photos, epoch by epoch", True),
        ("val_loss", "Loss", "on the validation photos; lower is better", False),
    ):
        series = []
        for i, table in enumerate(tables):
            if column in table and len(table):
                y = pd.to_numeric(table[column], errors="coerce").astype(float).tolist()
                series.append(charts.Series(letter(i), list(range(1, len(y) + 1)), y, colour(i), dots=len(y) < 40))
        ends = [f"{s.name} {words.percent(s.y[-1]) if share else words.number(s.y[-1])}" for s in series]
        longest = max((len(s.x) for s in series), default=0)
        chart = charts.lines(
            series,
            label=f"{title} {note}. At the end: {words.listing(ends)}.",
            x_label="epoch",
            x_ticks=[t for t in svg.ticks(1, longest, 6) if t == int(t) and t >= 1]
            if longest > 8
            else range(1, longest + 1),
            x_range=(1, max(longest, 2)),
            y_format=svg.per_cent if share else svg.plain,
        )
        if chart:
            made.append({"title": title, "note": note, "chart": chart})
    return made


def letter(number: int) -> str:
    """What the page calls a run: A, B, … Z, then 27, 28, …"""
    return _LETTERS[number] if number < len(_LETTERS) else str(number + 1)


def colour(number: int) -> str:
    """The colour class of a run; after six they begin again, and the letter tells them apart."""
    return f"run{number % COLOURS + 1}"


def _difference(item: Difference, number: int) -> Shown:
    reach = _reach(item)
    of_class = [
        {
            "label": name,
            **vars(row),
            "whisker": _around(row.difference, row.ci95, reach, "one" if row.clear else "two"),
            "verdict": "clear" if row.clear else "could be chance" if row.gained + row.lost else "",
        }
        for name, row in item.per_class.items()
    ]
    return {
        **vars(item),
        "mark": letter(number),
        "colour": colour(number),
        "reach": reach,
        "whisker": _around(item.accuracy.difference, item.accuracy.ci95, reach, "two" if item.chance else "one"),
        "by_class": of_class,
    }


def _reach(item: Difference) -> float:
    """How far from 0 an axis must go for all differences, in round points."""
    ends = [abs(end) for row in (item.accuracy, *item.per_class.values()) for end in (row.difference, *row.ci95)]
    return float(np.ceil(max([*ends, 0.01]) * 20) / 20)


def _around(value: float, interval: tuple[float, float], reach: float, kind: str) -> Markup:
    return charts.whisker(value, interval, -reach, reach, kind, rule=0.0)
