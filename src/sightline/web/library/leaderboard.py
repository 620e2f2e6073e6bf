"""The runs as a table: figures with their intervals, what they cost, and how often their test set was looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sightline.errors import SightlineError
from sightline.judging import compare
from sightline.runs import ledger
from sightline.runs.folder import Status
from sightline.web.library.shelf import Shelved, shelved, stamp


@dataclass(frozen=True)
class Row:
    """One run; figures are None where it has none yet."""

    name: str
    status: Status | str
    dataset: str
    model: str
    size: int | None
    accuracy: float | None
    low: float | None
    high: float | None
    macro_f1: float | None
    ece: float | None
    test_photos: int | None
    opened: int | None
    parameters: int | None
    speed: float | None
    """Photos a second in training, the median epoch."""
    seconds: float | None
    date: datetime
    epochs: int
    report: bool
    warning: str
    """What a reader of the figures should know of the test set."""


SORTS: dict[str, tuple[str, Callable[[Row], Any], bool]] = {
    "accuracy": ("Accuracy", lambda row: row.accuracy, True),
    "f1": ("Macro F1", lambda row: row.macro_f1, True),
    "ece": ("ECE", lambda row: row.ece, False),
    "parameters": ("Size", lambda row: row.parameters, False),
    "speed": ("Speed", lambda row: row.speed, True),
    "opened": ("Test looks", lambda row: row.opened, False),
    "date": ("Date", lambda row: row.date, True),
    "name": ("Run", lambda row: row.name.lower(), False),
}

_lock = threading.Lock()
_rows: dict[str, tuple[tuple[int, ...], Row]] = {}


def rows(text: str = "", dataset: str = "", sort: str = "accuracy", back: bool = False) -> list[Row]:
    """The runs that match, in order; those without the figure that they are sorted by come last.

    Args:
        text: words that must all be part of a run's name, dataset or model.
        dataset: only runs on this dataset.
        sort: a key of SORTS.
        back: the other way round.
    """
    words = text.lower().split()
    found = [row(run) for run in shelved()]
    found = [r for r in found if all(word in f"{r.name} {r.dataset} {r.model}".lower() for word in words)]
    found = [r for r in found if not dataset or r.dataset == dataset]
    _, figure, high_first = SORTS.get(sort, SORTS["accuracy"])
    known = [r for r in found if figure(r) is not None]
    known.sort(key=figure, reverse=high_first != back)
    return known + [r for r in found if figure(r) is None]


def row(run: Shelved) -> Row:
    """The row of one run; computed again only when its files have changed."""
    path = run.folder.path
    names = ("evaluation.json", "metrics.csv", "config.yaml", "report.html", "model/model.safetensors")
    key = (*(stamp(path / name) for name in names), stamp(path.parent / ledger.NAME))
    with _lock:
        kept = _rows.get(str(path))
    if kept is not None and kept[0] == key and kept[1].status == "complete":
        return kept[1]
    made = _make(run)
    with _lock:
        _rows[str(path)] = (key, made)
    return made


def _make(run: Shelved) -> Row:
    folder = run.folder
    try:
        config, described, found = folder.config(), folder.dataset(), folder.evaluation()
        spent, metrics, status = compare.cost(folder), folder.metrics(), folder.status
    except (SightlineError, KeyError, ValueError):
        return _damaged(run)
    low, high = found.accuracy_ci95 if found else (None, None)
    opened = found.test_opened if found else None
    if found:
        samples = folder.samples()
        opened = max(opened or 0, ledger.count(folder.path, samples.loc[samples["split"] == "test", "digest"])) or None
    return Row(
        name=run.name,
        status=status,
        dataset=described.name if described else config.data or "",
        model=config.model or "",
        size=config.img_size,
        accuracy=found.accuracy if found else None,
        low=low,
        high=high,
        macro_f1=found.macro_f1 if found else None,
        ece=found.ece if found else None,
        test_photos=found.n if found else None,
        opened=opened,
        parameters=spent.parameters,
        speed=spent.images_per_second,
        seconds=spent.train_seconds,
        date=_date(run),
        epochs=len(metrics) + sum(len(folder.fold(number + 1).metrics()) for number in range(config.folds or 0)),
        report=folder.report.is_file(),
        warning=ledger.warning(opened),
    )


def _damaged(run: Shelved) -> Row:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "size",
            "accuracy",
            "low",
            "high",
            "macro_f1",
            "ece",
            "test_photos",
            "opened",
            "parameters",
            "speed",
            "seconds",
        )
    )
    return Row(run.name, "damaged", "", "", date=_date(run), epochs=0, report=False, warning="", **nothing)


def _date(run: Shelved) -> datetime:
    path = run.folder.path
    written = stamp(path / "evaluation.json") or stamp(path / "config.yaml")
    return datetime.fromtimestamp(written / 1e9, UTC)
