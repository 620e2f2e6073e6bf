"""The audit's findings for a run: found where the audit left them, read as a table."""

from __future__ import annotations

import threading
from pathlib import Path

import pandas as pd
from django.conf import settings

from sightline.system.spreadsheet import read_csv
from sightline.web.library.shelf import Shelved, stamp

COLUMNS = ("path", "check", "score", "flagged", "label", "suggested_label", "twin", "detail")
_NAMES = ("findings.parquet", "findings.csv")
_lock = threading.Lock()
_tables: dict[Path, tuple[int, pd.DataFrame]] = {}


def source(run: Shelved) -> Path | None:
    """The findings file of a run: the one that the site was started with, else the newest in RUN or RUN/audit."""
    given: Path | None = settings.SIGHTLINE.findings
    if given is not None:
        places = [given / name for name in _NAMES] if given.is_dir() else [given]
    else:
        places = [run.folder.path / folder / name for folder in ("", "audit") for name in _NAMES]
    there = [place for place in places if place.is_file()]
    return max(there, key=stamp, default=None)


def findings(run: Shelved) -> pd.DataFrame:
    """The findings, highest score first; columns COLUMNS. Empty where there are none, or where the file is damaged."""
    path = source(run)
    if path is None:
        return _none()
    written = stamp(path)
    with _lock:
        if path in _tables and _tables[path][0] == written:
            return _tables[path][1]
    table = _read(path)
    with _lock:
        _tables[path] = (written, table)
    return table


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS)).astype({"score": float, "flagged": bool})


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else read_csv(path)
    except (OSError, ValueError):
        return _none()
    if not {"path", "check", "score"} <= set(table):
        return _none()
    table = table.reindex(columns=list(COLUMNS))
    for name in ("path", "check", "label", "suggested_label", "twin", "detail"):
        table[name] = table[name].fillna("").astype(str)
    table["score"] = pd.to_numeric(table["score"], errors="coerce").fillna(0.0).clip(0, 1)
    table["flagged"] = table["flagged"].astype(str).str.lower().isin(("true", "1", "1.0"))
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
