"""What is known of one run, in one place: its status, and its figures with their intervals.

A run folder may come from anywhere, and may be half copied or damaged. Whatever is wrong with it, it is one row that
says so; the other runs are shown as ever.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic.dataclasses import dataclass

from sightline.errors import SightlineError
from sightline.judging import compare
from sightline.models.documents import ModelFacts
from sightline.runs import ledger
from sightline.runs.documents.evaluation import ClassFigures
from sightline.runs.place import Status
from sightline.system.documents import Count, Share, read_if_there
from sightline.web.library.shelf import Shelved, stamp
from sightline.web.replies import Refused, without_paths

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_rows: dict[str, tuple[tuple[int, ...], Row]] = {}
_READ = (
    *("config.yaml", "dataset.json", "samples.parquet", "metrics.csv", "evaluation.json", "extras/folds.json"),
    *("model/config.json", "model/sightline.json"),
)


@dataclass(frozen=True)
class Row:
    """One run; figures are None where it has none yet."""

    name: str
    status: Status | Literal["damaged"]
    date: datetime
    problem: str = ""
    """Of a damaged run: which file is wrong, and how. Of a failed one: why."""
    dataset: str = ""
    model: str = ""
    size: Count | None = None
    classes: tuple[str, ...] = ()
    accuracy: Share | None = None
    low: Share | None = None
    high: Share | None = None
    macro_f1: Share | None = None
    ece: Share | None = None
    test_photos: Count | None = None
    opened: Count | None = None
    parameters: Count | None = None
    speed: Amount | None = None
    """Photos a second in training, the median epoch."""
    seconds: Amount | None = None
    epochs: Count = 0
    report: bool = False
    warning: str = ""
    """What a reader of the figures should know of the test set."""
    per_class: dict[str, ClassFigures] = Field(default_factory=dict)


def row(run: Shelved) -> Row:
    """What is known of a run; read again only when its files have changed."""
    path = run.folder.path
    names = (*_READ, "report.html", "model/model.safetensors")
    key = (*(stamp(path / name) for name in names), stamp(path.parent / ledger.NAME))
    with _lock:
        kept = _rows.get(str(path))
    if kept is not None and kept[0] == key and kept[1].status in ("complete", "damaged"):
        return kept[1]
    try:
        made = _read(run)
    except Exception as error:  # whatever a reader makes of a damaged file
        made = Row(run.name, "damaged", _date(run), problem=_said(run, error))
    with _lock:
        _rows[str(path)] = (key, made)
    return made


def damaged(run: Shelved, error: Exception) -> Refused:
    """What to answer where `error` came up in reading a run's files."""
    return Refused(409, f"{run.name} is damaged: {_said(run, error)}")


def _read(run: Shelved) -> Row:
    folder = run.folder
    config, described, found = folder.config(), folder.dataset(), folder.evaluation()
    spent, metrics = compare.cost(folder), folder.metrics()
    read_if_there(ModelFacts, folder.model / "sightline.json")  # one that cannot be right would answer nobody
    low, high = found.accuracy_ci95 if found else (None, None)
    opened = found.test_opened if found else None
    if found:
        samples = folder.samples()
        opened = max(opened or 0, ledger.count(folder.path, samples.loc[samples["split"] == "test", "digest"])) or None
    return Row(
        name=run.name,
        status=folder.status,
        date=_date(run),
        problem=without_paths(folder.failure),
        dataset=described.name if described else config.data or "",
        model=config.model or "",
        size=config.img_size,
        classes=described.classes if described else (),
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
        epochs=len(metrics) + sum(len(folder.fold(number + 1).metrics()) for number in range(config.folds or 0)),
        report=folder.report.is_file(),
        warning=ledger.warning(opened),
        per_class=found.per_class if found else {},
    )


def _said(run: Shelved, error: Exception) -> str:
    if isinstance(error, ValidationError):  # a figure that can be none
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}."
    if isinstance(error, SightlineError):
        return without_paths(str(error).replace(f"{run.folder.path}/", "").replace(": is damaged: ", ": "))
    _log.warning("%s cannot be read", run.folder.path, exc_info=error)
    return "its files are not as Sightline writes them."


def _date(run: Shelved) -> datetime:
    path = run.folder.path
    written = stamp(path / "evaluation.json") or stamp(path / "config.yaml")
    return datetime.fromtimestamp(written / 1e9, UTC)
