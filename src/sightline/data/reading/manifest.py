"""A table of photos and labels -> dataset: CSV, TSV, JSON lines or Parquet with `path,label[,split][,group]`.

Paths are relative to the manifest and stay inside its folder: a table that somebody hands you must not be able to pull
photos from elsewhere on your disk into a report. A link in that folder to photos elsewhere is yours, and is followed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.data.reading import naming
from sightline.data.reading.cells import Table
from sightline.data.reading.headers import columns, names_splits
from sightline.data.reading.images import example_of, find_images
from sightline.data.reading.one_hot import NO, YES, read_one_hot
from sightline.data.reading.paths import inside, present
from sightline.data.reading.rows import open_table
from sightline.data.table import PROBLEM_COLUMNS, SAMPLE_COLUMNS, Dataset, Problem, problem_table, shortened
from sightline.errors import SightlineError
from sightline.system.words import quoted

_OURS = ("findings", "decisions", "problems", "metrics", "steps", "predictions")  # tables that Sightline writes
_SHOWN = 5  # rows that are named where a photo is listed again and again
STEMS = ("manifest", "metadata", "labels", "label", "index", "samples", "dataset", "data", "train", "annotations")
"""The names under which a manifest is looked for in a folder whose photos lie flat."""


@dataclass(frozen=True)
class Beside:
    """The tables that lie beside photos: the manifest among them, and why each of the others is none."""

    manifest: Table | None
    unused: tuple[tuple[str, str], ...]
    """Name of the table, and the reason."""


def find_manifest(tables: Sequence[Path], others: Sequence[Path] = ()) -> Beside:
    """The manifest among the tables of a folder, if there is one: a usual name with a path and a label column.

    Args:
        tables: what could be it.
        others: what is named as one, but is of a kind that is not read.

    Raises:
        SightlineError: there are several.
    """
    usable: list[Table] = []
    unused = []
    for path in sorted(tables, key=lambda path: (STEMS.index(_stem(path)) if _stem(path) in STEMS else 99, path.name)):
        if path.stem in _OURS:
            continue
        try:
            table = open_table(path)
            missing = [column for column in ("path", "label") if column not in columns(table.names)]
            if missing == ["label"] and _stem(path) in STEMS and read_one_hot(table, columns(table.names)) is not None:
                missing = []
        except SightlineError as error:
            unused.append((path.name, str(error).splitlines()[0].removeprefix(f"{path}").lstrip(":, ")))
            continue
        if missing:
            unused.append((path.name, _without(table, missing[0]).replace("\n", " ")))
        elif _stem(path) not in STEMS:
            unused.append((path.name, "it lists photos, but under a name that is not looked for: give it as DATA."))
        else:
            usable.append(table)
    if len(usable) > 1:
        raise SightlineError(
            f"{usable[0].path.parent}: has no class folders but several manifests, "
            f"{' and '.join(table.path.name for table in usable)}.\nGive the one that is meant instead of the folder."
        )
    unread = "it is none of the tables that are read. Save it as CSV with the columns path,label."
    unused += [(path.name, unread) for path in others if not usable]
    return Beside(usable[0] if usable else None, tuple(unused))


def _stem(path: Path) -> str:
    return path.stem.lower()


def read_manifest(table: Table, name: str, images: Path | None = None) -> Dataset:
    """Make a dataset of a manifest. Its folder becomes the root, or `images`.

    Files that are not there, and rows without a label, are listed as problems.

    Args:
        table: the manifest, opened.
        name: what the dataset is called.
        images: the folder that its paths are relative to; None: its own, or one in it that holds the photos.

    Raises:
        SightlineError: it lacks a column, names photos outside its folder or a split that is none, or no photo that
            it names is there.
    """
    path, root = table.path, images or table.path.parent
    rows = _read(table)
    rows, aside, unread = _with_splits(path, rows)
    rows, nameless = _labelled(path, root, rows)
    rows, repeated = _distinct(path, rows)
    if rows.empty:
        raise SightlineError(f"{path}: no row has both a photo and a label.")
    there, absent = present(path, root, rows["path"])
    if not there.any() and (found := find_images(path, root, rows["path"])) is not None:
        rows = rows.assign(path=found)
        there, absent = present(path, root, rows["path"])
    if not there.any():
        raise SightlineError(
            f"{path}: none of its {len(rows):,} photos is there; the first, {quoted(rows['path'].iloc[0])}, "
            f"was looked for in {root}{example_of(root)}.\n"
            "Paths are taken relative to the manifest, or to --images FOLDER."
        )
    samples = rows.loc[there, list(SAMPLE_COLUMNS)]
    dataset = Dataset.assembled(name, root, samples, classes=rows["label"].unique(), set_aside=aside)
    problems = pd.concat([nameless, repeated, absent, dataset.problems, problem_table(unread)], ignore_index=True)
    return dataset.replace(problems=problems)


def _read(table: Table) -> pd.DataFrame:
    """Path and label of each row, and split, is_valid and group where the table has them."""
    found = columns(table.names)
    if "path" not in found:
        raise SightlineError(f"{table.path}: {_without(table, 'path')}")
    for column in ("path", "label"):
        twins = [name for name in table.names if column in found and name == table.names[found[column]]]
        if len(twins) > 1:
            raise SightlineError(f"{table.path}: {len(twins)} columns are called {quoted(twins[0])}. Keep one of them.")
    unsure = {"split"} if "split" in found and not names_splits(table.names[found["split"]]) else set()
    if "label" in found:
        rows = table.read(found)
        rows.attrs["unsure"] = table.names[found["split"]] if unsure else ""
        return rows
    one_hot = read_one_hot(table, {name: number for name, number in found.items() if name not in unsure})
    if one_hot is None:
        raise SightlineError(f"{table.path}: {_without(table, 'label')}")
    return one_hot


def _without(table: Table, column: str) -> str:
    """Why a table without a column is no manifest, and what to do."""
    what = "photos" if column == "path" else "label"
    why = f"no column for the {what}. It has: {shortened(table.names, 12) or 'none'}.\n"
    if any(naming.is_image(cell) for cell in table.names):
        return why + "Its first line seems to be a photo already: put a line above it that says path,label."
    return why + "Its first line must name the columns: path,label and, if you like, split and group."


def _with_splits(path: Path, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[Problem]]:
    """The rows with their split as Sightline names it, in words which rows are unlabelled by it, and what it is not."""
    unsure, unread = rows.attrs.pop("unsure", ""), []
    if unsure and not any(naming.split_of(name) or naming.is_unlabelled(name) for name in rows["split"].unique()):
        detail = f"its column {quoted(unsure)} names no train, val or test"
        unread = [(path.name, "no split", detail, "passed over")] if (rows["split"] != "").any() else []
        rows = rows.drop(columns="split")
    if "split" not in rows:
        rows = rows.assign(split=_flagged(rows))
    given = rows["split"].str.strip()
    aside = given.map(_each(given, naming.is_unlabelled)).astype(bool)
    split = given.map(_each(given, naming.split_of)).astype("str")
    wrong = (given != "") & (split == "") & ~aside
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SightlineError(
            f"{path}, row {rows.index[row]}: split {quoted(given.iloc[row])} is none."
            " Use train, val, test or leave it empty."
        )
    counts = given[aside].value_counts().sort_index()
    words = [f"{path.name}: {count:,} rows of split {quoted(value)}" for value, count in counts.items()]
    return rows.assign(split=split)[~aside], words, unread


def _flagged(rows: pd.DataFrame) -> pd.Series:
    """The split by columns that say yes or no; what says neither stands as it is, "" where there is no such column."""
    split = pd.Series("", index=rows.index, dtype="str")
    for flag, yes, no in (("is_train", "train", "test"), ("is_valid", "val", "train"), ("is_test", "test", "train")):
        if flag not in rows:
            continue
        said = rows[flag].str.strip().str.lower()
        meant = said.map({**dict.fromkeys(YES, yes), **dict.fromkeys(NO, no), "": ""}).fillna(said).astype("str")
        split = split.mask((split == "") | ((meant != no) & (meant != "")), meant)
    return split


def _labelled(path: Path, root: Path, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows with a photo and a label, each in plain form, and a problem for each of the others."""
    group = rows["group"].str.strip() if "group" in rows else pd.Series("", index=rows.index, dtype="str")
    rows = rows.assign(label=rows["label"].map(_each(rows["label"], _plain_label)).astype("str"), group=group)
    nowhere = rows["path"].str.strip() == ""
    zero = rows["path"].str.contains("\0", regex=False)
    where = path.name + " row " + rows.index.astype("str").to_series(rows.index)
    problems = [
        _problems(where[nowhere], "no path", "the row names no photo"),
        _problems(where[zero & ~nowhere], "no path", "the path holds a zero byte"),
    ]
    rows = rows[~nowhere & ~zero]
    rows = rows.assign(path=inside(path, root, rows["path"]))
    if "several" in rows:
        two = rows["several"] != ""
        problems.append(_problems(rows.loc[two, "path"], "two labels", where[rows.index[two]] + ": " + rows["several"]))
        rows = rows[~two]
    blank = rows["label"] == ""
    problems.append(_problems(rows.loc[blank, "path"], "no label", where[rows.index[blank]] + ": the label is empty"))
    return rows[~blank], pd.concat(problems).sort_index()


def _distinct(path: Path, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each photo once. Rows that contradict each other are all left out: nobody can know which of them is right."""
    again = rows["path"].duplicated(keep=False)
    if not again.any():
        return rows, _problems(rows["path"].iloc[:0], "", "")
    repeated = rows[again]
    photos = repeated.groupby("path", sort=False)
    labels = photos["label"].nunique()
    sides = (repeated["split"] + "\0" + repeated["group"]).groupby(repeated["path"], sort=False).nunique()
    first = repeated[photos.cumcount() < _SHOWN]
    numbers = first.index.astype("str").to_series(first.index).groupby(first["path"], sort=False).agg(", ".join)
    more = photos.size() > _SHOWN
    where = path.name + " rows " + numbers.where(~more, numbers + ", …")
    given = repeated.drop_duplicates(["path", "label"]).sort_values("label", kind="stable")
    named = given.groupby("path", sort=False)["label"].agg(lambda some: shortened(list(some))).reindex(labels.index)
    two, differ = labels > 1, (labels == 1) & (sides > 1)
    detail = where + ": the same each time"
    detail = detail.mask(two, where + ": " + named).mask(differ, where + ": in different splits or groups")
    problem = pd.Series("listed twice", index=labels.index).mask(two, "two labels")
    action = pd.Series("kept once", index=labels.index).mask(two | differ, "left out")
    problems = pd.DataFrame({"path": labels.index, "problem": problem, "detail": detail, "action": action}, dtype="str")
    contradicting = labels.index[(two | differ).to_numpy()]
    return rows[~rows["path"].duplicated() & ~rows["path"].isin(contradicting)], problems


def _plain_label(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _each(column: pd.Series, meaning: Callable[[str], object]) -> dict[str, object]:
    """What each different value of a column means: there are far fewer of them than rows."""
    return {value: meaning(value) for value in column.unique()}


def _problems(paths: pd.Series, problem: str, detail: str | pd.Series) -> pd.DataFrame:
    """A problem for each of `paths`, in their order and with their index."""
    columns = {"path": paths, "problem": problem, "detail": detail, "action": "left out"}
    return pd.DataFrame(columns, index=paths.index, columns=list(PROBLEM_COLUMNS), dtype="str")
