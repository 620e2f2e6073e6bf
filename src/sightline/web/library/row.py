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
from sightline.runs import ledger
from sightline.runs.folder import Status
from sightline.web.library.shelf import Shelved, stamp
from sightline.web.replies import without_paths

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_rows: dict[str, tuple[tuple[int, ...], Row]] = {}
_READ = ("config.yaml", "dataset.json", "samples.parquet", "metrics.csv", "evaluation.json", "extras/folds.json")


@dataclass(frozen=True)
class ClassFigures:
    """How one class fared on the test photos."""

    support: Count
    precision: Share
    recall: Share
    f1: Share


@dataclass(frozen=True)
class Row:
    """One run; figures are None where it has none yet."""

    name: str
    status: Status | Literal["damaged"]
    date: datetime
    problem: str = ""
    """Of a damaged run: which file is wrong, and how."""
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
        made = Row(run.name, "damaged", _date(run), problem=without_paths(_said(run, error)))
    with _lock:
        _rows[str(path)] = (key, made)
    return made


def _read(run: Shelved) -> Row:
    folder = run.folder
    config, described, found = folder.config(), folder.dataset(), folder.evaluation()
    spent, metrics = compare.cost(folder), folder.metrics()
    low, high = found.get("accuracy_ci95", (None, None))
    opened = found.get("test_opened")
    if found:
        samples = folder.samples()
        opened = max(opened or 0, ledger.count(folder.path, samples.loc[samples["split"] == "test", "digest"])) or None
    return Row(
        name=run.name,
        status=folder.status,
        date=_date(run),
        dataset=str(described.get("name") or config.data or ""),
        model=config.model or "",
        size=config.img_size,
        classes=described.get("classes", ()),
        accuracy=found.get("accuracy"),
        low=low,
        high=high,
        macro_f1=found.get("macro_f1"),
        ece=found.get("ece"),
        test_photos=found.get("n"),
        opened=opened,
        parameters=spent["parameters"],
        speed=spent["images_per_second"],
        seconds=spent["train_seconds"],
        epochs=len(metrics) + sum(len(folder.fold(number + 1).metrics()) for number in range(config.folds or 0)),
        report=folder.report.is_file(),
        warning=ledger.warning(opened),
        per_class={
            name: ClassFigures(figures["support"], figures["precision"], figures["recall"], figures["f1"])
            for name, figures in found.get("per_class", {}).items()
        },
    )


def _said(run: Shelved, error: Exception) -> str:
    if isinstance(error, ValidationError):  # a figure that can be none
        first = error.errors(include_url=False)[0]
        return f"evaluation.json: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    if isinstance(error, SightlineError):
        return str(error)
    _log.warning("%s cannot be read", run.folder.path, exc_info=error)
    return "its files are not as `sightline train` writes them"


def _date(run: Shelved) -> datetime:
    path = run.folder.path
    written = stamp(path / "evaluation.json") or stamp(path / "config.yaml")
    return datetime.fromtimestamp(written / 1e9, UTC)
