"""The audit's findings for a run: found where the audit left them, read as a table."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from django.conf import settings

from sightline.system import tables
from sightline.system.tables import Columns
from sightline.web.library.shelf import Shelved, stamp
from sightline.web.replies import Refused

COLUMNS = ("path", "check", "score", "flagged", "label", "suggested_label", "twin", "detail")
_NAMES = ("findings.parquet", "findings.csv")
_TEXTS = ("path", "check", "label", "suggested_label", "twin", "detail")
_OWN = 0.1  # of the photos with findings, at least so many are the run's; an audit may have seen more than a training

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_tables: dict[tuple[str, Path], tuple[tuple[int, int], Found]] = {}


@dataclass(frozen=True)
class Found:
    """What the audit found, and where that is not shown, why."""

    table: pd.DataFrame
    """Highest score first; columns COLUMNS."""
    problem: str = ""


def source(run: Shelved) -> Path | None:
    """The findings file of a run: the one that the site was started with, else the newest in RUN or RUN/audit."""
    given: Path | None = settings.SIGHTLINE.findings
    if given is not None:
        places = [given / name for name in _NAMES] if given.is_dir() else [given]
    else:
        places = [run.folder.path / folder / name for folder in ("", "audit") for name in _NAMES]
    there = [place for place in places if place.is_file()]
    return max(there, key=stamp, default=None)


def findings(run: Shelved) -> Found:
    """The findings of a run; empty where there are none, and where the file is damaged or about other photos."""
    path = source(run)
    if path is None:
        return Found(_none())
    written = stamp(path), stamp(run.folder.path / "samples.parquet")
    key = run.name, path
    with _lock:
        if key in _tables and _tables[key][0] == written:
            return _tables[key][1]
    try:
        table = _read(path)
        made = Found(table) if _is_about(run, table) else Found(_none(), _of_another_folder(run, path, table))
    except Exception as error:  # whatever a damaged table makes of itself
        _log.warning("%s: cannot be read", path, exc_info=error)
        made = Found(_none(), f"{path.name} is damaged. Run the audit again: sightline audit PHOTOS --run RUN.")
    with _lock:
        _tables[key] = (written, made)
    return made


def require(run: Shelved) -> pd.DataFrame:
    """The findings, where not to show them would be misleading.

    Raises:
        Refused: 409, there are some that are not this run's, or that cannot be read.
    """
    found = findings(run)
    if found.problem:
        raise Refused(409, found.problem)
    return found.table


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS)).astype({"score": float, "flagged": bool})


def _read(path: Path) -> pd.DataFrame:
    table = tables.read_if_there(path, Columns(needs=("path", "check"), texts=_TEXTS))
    table = table.reindex(columns=list(COLUMNS))
    for name in _TEXTS:
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    table["score"] = pd.to_numeric(table["score"], errors="coerce").fillna(0.0).clip(0, 1)
    table["flagged"] = table["flagged"].astype(str).str.lower().isin(("true", "1", "1.0"))
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _is_about(run: Shelved, table: pd.DataFrame) -> bool:
    named = pd.Index(table.loc[table["path"] != "", "path"].unique())
    samples = run.folder.samples()
    return not len(named) or "path" not in samples or bool(named.isin(samples["path"]).mean() >= _OWN)


def _of_another_folder(run: Shelved, path: Path, table: pd.DataFrame) -> str:
    example = next(text for text in table["path"] if text)
    return (
        f"{path.name} is about another folder of photos: it names {example[:100]}, which {run.name} does not know. "
        "Give the findings of this run's photos."
    )
