"""A table of photos and labels -> dataset: CSV, TSV, JSON lines or Parquet with `path,label[,split][,group]`.

Paths are relative to the manifest and stay inside its folder: a table that somebody hands you must not be able to pull
photos from elsewhere on your disk into a report. A link in that folder to photos elsewhere is yours, and is followed.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.data.reading import naming
from sightline.data.reading.headers import columns
from sightline.data.reading.rows import Rows, read_rows
from sightline.data.table import Dataset, Problem, sample_table
from sightline.errors import SightlineError
from sightline.system.progress import track

STEMS = ("manifest", "metadata", "labels", "label", "index", "samples", "dataset", "data", "train", "annotations")
"""The names under which a manifest is looked for in a folder whose photos lie flat."""

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True)
class _Row:
    number: int  # as a spreadsheet counts: the header is row 1
    path: str
    label: str
    split: str
    group: str


def find_manifest(tables: Sequence[Path]) -> Rows | None:
    """The manifest among the tables of a folder, if there is one: a usual name with a path and a label column.

    Raises:
        SightlineError: there are several.
    """
    usable = []
    for path in sorted((path for path in tables if path.stem in STEMS), key=lambda path: STEMS.index(path.stem)):
        try:
            rows = read_rows(path)
        except SightlineError:
            continue  # not a table at all, so not the one that was meant
        if {"path", "label"} <= set(columns(rows.names)):
            usable.append(rows)
    if len(usable) > 1:
        raise SightlineError(
            f"{usable[0].path.parent}: has no class folders but several manifests, "
            f"{' and '.join(rows.path.name for rows in usable)}.\nGive the one that is meant instead of the folder."
        )
    return usable[0] if usable else None


def read_manifest(table: Rows, name: str) -> Dataset:
    """Make a dataset of a manifest. Its folder becomes the root.

    Files that are not there, and rows without a label, are listed as problems.

    Args:
        table: the manifest's rows.
        name: what the dataset is called.

    Raises:
        SightlineError: it lacks a column, names photos outside its folder or a split that is none, or no photo that
            it names is there.
    """
    path, found = table.path, columns(table.names)
    for column in ("path", "label"):
        if column not in found:
            raise SightlineError(
                f"{path}: no column for the {'photos' if column == 'path' else 'label'}. "
                f"It has: {', '.join(table.names[:12]) or 'none'}.\n"
                "Its first line must name the columns: path,label and, if you like, split and group."
            )
    problems: list[Problem] = []
    rows, aside = _labelled(path, table, found, problems)
    rows = _distinct(path, rows, problems)
    present = _present(path, rows, problems)
    if rows and not present:
        raise SightlineError(
            f"{path}: none of its {len(rows):,} photos is there; the first, {rows[0].path!r}, "
            f"was looked for in {path.parent}.\nPaths are taken relative to the manifest."
        )
    if not rows:
        raise SightlineError(f"{path}: no row has both a photo and a label.")
    samples = sample_table((row.path, row.label, row.split, row.group) for row in present)
    classes = {row.label for row in rows}
    return Dataset.assembled(name, path.parent, samples, problems, classes=classes, set_aside=aside)


def _labelled(path: Path, table: Rows, found: dict[str, int], problems: list[Problem]) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    aside: dict[str, int] = {}
    for number, cells in table.numbered():
        cell = {column: cells[position] if position < len(cells) else "" for column, position in found.items()}
        where = f"{path.name} row {number}"
        given = cell.get("split", "").strip()
        if naming.is_unlabelled(given):
            aside[given] = aside.get(given, 0) + 1
            continue
        if given and not naming.split_of(given):
            raise SightlineError(
                f"{path}, row {number}: split {given!r} is none. Use train, val, test or leave it empty."
            )
        label = " ".join(unicodedata.normalize("NFC", cell["label"]).split())
        if not cell["path"].strip():
            problems.append((where, "no path", "the row names no photo", "left out"))
            continue
        if "\0" in cell["path"]:
            problems.append((where, "no path", "the path holds a zero byte", "left out"))
            continue
        inside = _inside(path, cell["path"], number)
        if not label:
            problems.append((inside, "no label", f"{where}: the label is empty", "left out"))
            continue
        rows.append(_Row(number, inside, label, naming.split_of(given), cell.get("group", "").strip()))
    return rows, [f"{path.name}: {count:,} rows of split {given!r}" for given, count in sorted(aside.items())]


def _inside(path: Path, text: str, number: int) -> str:
    """The photo's path relative to the manifest's folder, in plain form.

    Judged by the letters of the path, not by what is on the disk, so that it is the same everywhere.
    """
    name = text
    if text != text.strip() and not os.path.lexists(path.parent / text):
        name = text.strip()  # "cats/1.jpg, cat": a space after the comma
    if "\\" in name and not os.path.lexists(path.parent / name):
        name = name.replace("\\", "/")  # a manifest that was written on Windows
    if Path(name).is_absolute() or os.path.splitdrive(name)[0] or _WINDOWS_DRIVE.match(name):
        name = _relative(name, path.parent)
    name = posixpath.normpath(name)
    if name == ".." or name.startswith("../"):
        raise SightlineError(
            f"{path}, row {number}: {text!r} lies outside the manifest's folder, and is not read.\n"
            "Put the manifest into a folder above all its photos, or make a link to them in its folder."
        )
    return name


def _relative(name: str, folder: Path) -> str:
    """An absolute path from `folder`, as it was named or as it really is; "../" where it lies elsewhere."""
    if Path(name).is_absolute():
        for base in (str(folder), os.path.realpath(folder)):
            if os.path.commonpath([base, os.path.normpath(name)]) == base:
                return Path(os.path.relpath(name, base)).as_posix()
    return "../" + name


def _distinct(path: Path, rows: list[_Row], problems: list[Problem]) -> list[_Row]:
    """Each photo once. Rows that contradict each other are all left out: nobody can know which of them is right."""
    by_path: dict[str, list[_Row]] = {}
    for row in rows:
        by_path.setdefault(row.path, []).append(row)
    kept = []
    for photo, same in by_path.items():
        numbers = ", ".join(str(row.number) for row in same[:5]) + (", …" if len(same) > 5 else "")
        where = f"{path.name} rows {numbers}"
        if len({row.label for row in same}) > 1:
            labels = ", ".join(sorted({row.label for row in same}))
            problems.append((photo, "two labels", f"{where}: {labels}", "left out"))
        elif len({(row.split, row.group) for row in same}) > 1:
            problems.append((photo, "listed twice", f"{where}: in different splits or groups", "left out"))
        else:
            kept.append(same[0])
            if len(same) > 1:
                problems.append((photo, "listed twice", f"{where}: the same each time", "kept once"))
    return kept


def _present(path: Path, rows: list[_Row], problems: list[Problem]) -> list[_Row]:
    present = []
    with track("Looking for the photos", len(rows)) as advance:
        for row in rows:
            advance()
            where = f"{path.name} row {row.number}"
            try:
                mode = (path.parent / row.path).stat().st_mode
            except (OSError, ValueError):  # ValueError: a NUL in the name
                problems.append((row.path, "missing", f"{where}: there is no such file", "left out"))
                continue
            if stat.S_ISREG(mode):
                present.append(row)
            else:
                problems.append((row.path, "unreadable", f"{where}: not a file", "left out"))
    return present
