"""The paths that a manifest names -> photos inside its folder, and whether each is there.

Judged by the letters of a path, not by what is on the disk, so that it is the same everywhere. Most paths are plain,
and are dealt with all at once; only the odd ones are looked at one by one.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sightline.data.table import PROBLEM_COLUMNS
from sightline.errors import SightlineError
from sightline.system.progress import track
from sightline.system.words import quoted

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_ADDRESS = r"^\s*[A-Za-z][A-Za-z0-9+.-]+://"
_ODD = r"^\s|\s$|^[/~]|\\|//|(?:^|/)\.{1,2}(?:/|$)|/$|^[A-Za-z]:"
_MANY = 1000  # photos in one folder, from which on listing it is quicker than asking for each


def inside(table: Path, root: Path, texts: pd.Series) -> pd.Series:
    """Paths as the rows give them -> relative to a folder, in plain form.

    Args:
        table: the manifest.
        root: the folder: the manifest's own, or the one that the person named.
        texts: what each row says, by the number of the row.

    Raises:
        SightlineError: one lies outside the folder.
    """
    folder = str(root)
    texts = texts.str.replace(r"^\s*file://(?:localhost)?", "", regex=True)
    names = texts.str.replace(r"^(?:\./+)+", "", regex=True)
    addresses = names.str.contains(_ADDRESS, regex=True)
    if addresses.any():
        row = int(np.argmax(addresses))
        raise SightlineError(
            f"{table}, row {texts.index[row]}: {quoted(texts.iloc[row])} is an address, and is not fetched.\n"
            "Download the photos, and write their paths into the table."
        )
    for base in {f"{folder}/", f"{os.path.realpath(folder)}/"}:
        names = names.str.removeprefix(base)
    windows = names.str.contains("\\", regex=False)
    if windows.any():  # a manifest that was written on Windows, unless there really are files so named
        literal = {name for name in names[windows].unique() if os.path.lexists(f"{folder}/{name}")}
        names = names.mask(windows & ~names.isin(literal), names.str.replace("\\", "/", regex=False))
    odd = names.str.contains(_ODD, regex=True) | (names == "")
    if odd.any():
        names = names.mask(odd, names.map({name: _plain(folder, name) for name in names[odd].unique()})).astype("str")
    outside = (names == "..") | names.str.startswith("../")
    if outside.any():
        names = _moved(folder, names, texts[outside])
        outside = (names == "..") | names.str.startswith("../")
    if outside.any():
        row = int(np.argmax(outside))
        where = "the manifest's folder" if root == table.parent else root
        raise SightlineError(
            f"{table}, row {texts.index[row]}: {quoted(texts.iloc[row])} lies outside {where}, and is not read.\n"
            "Put the manifest into a folder above all its photos, or name that folder with --images."
        )
    return names


def _plain(folder: str, name: str) -> str:
    if name != name.strip() and not os.path.lexists(f"{folder}/{name}"):
        name = name.strip()  # "cats/1.jpg, cat": a space after the comma
        if "\\" in name and not os.path.lexists(f"{folder}/{name}"):
            name = name.replace("\\", "/")
    if Path(name).is_absolute() or os.path.splitdrive(name)[0] or _WINDOWS_DRIVE.match(name):
        name = _relative(name, folder)
    return posixpath.normpath(name)


def _relative(name: str, folder: str) -> str:
    """An absolute path from `folder`, as it was named or as it really is; "../" where it lies elsewhere."""
    if Path(name).is_absolute():
        for base in (folder, os.path.realpath(folder)):
            if os.path.commonpath([base, os.path.normpath(name)]) == base:
                return Path(os.path.relpath(name, base)).as_posix()
    return "../" + name


def _moved(folder: str, names: pd.Series, whole: pd.Series) -> pd.Series:
    """Whole paths of another machine, such as /kaggle/input/pets/images/1.jpg, as they lie in the folder here.

    What stands before the first of them is taken away, as little of it as leaves a photo that is there.
    """
    paths = whole.str.strip().str.replace("\\", "/", regex=False)
    paths = paths[paths.str.contains(r"^(?:/|[A-Za-z]:/)", regex=True)]
    for end in (found.end() for found in re.finditer("/", paths.iloc[0])) if len(paths) else ():
        rest = paths.iloc[0][end:]
        if posixpath.normpath(rest) == rest and os.path.isfile(f"{folder}/{rest}"):  # noqa: PTH113
            inner = paths[paths.str.startswith(paths.iloc[0][:end])].str.slice(end).map(posixpath.normpath)
            return names.mask(names.index.isin(inner.index), inner.reindex(names.index))
    return names


def present(table: Path, root: Path, paths: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """Which photos of a manifest are there.

    Args:
        table: the manifest.
        root: the folder that its paths are relative to.
        paths: plain paths, each once, by the number of the row.

    Returns:
        Whether each is a file, and a problem for each that is none.
    """
    folder = str(root)
    listed = pa.array(paths)
    there = np.zeros(len(paths), dtype=bool)
    problems: list[tuple[int, str, str]] = []
    with track("Looking for the photos", len(paths)) as advance:
        parents = paths.str.replace(r"/?[^/]*$", "", regex=True).value_counts()
        for parent, count in parents[parents >= _MANY].items():
            seen = pc.is_in(listed, pa.array(_files_in(folder, str(parent), 20 * count), listed.type))
            there |= seen.to_numpy(zero_copy_only=False)
            advance(int(pc.sum(seen).as_py() or 0))
        for number in np.flatnonzero(~there).tolist():
            why = _why_absent(f"{folder}/{listed[number].as_py()}")
            if why[0]:
                problems.append((number, *why))
            there[number] = not why[0]
            advance()
    rows = [number for number, _, _ in problems]
    absent = paths.iloc[rows]
    where = f"{table.name} row " + absent.index.astype("str").to_series(absent.index) + ": "
    columns = {
        "path": absent,
        "problem": pd.Series([problem for _, problem, _ in problems], absent.index, dtype="str"),
        "detail": where + pd.Series([detail for _, _, detail in problems], absent.index, dtype="str"),
        "action": "left out",
    }
    return pd.Series(there, paths.index), pd.DataFrame(columns, columns=list(PROBLEM_COLUMNS), dtype="str")


def _why_absent(path: str) -> tuple[str, str]:
    """A problem and its detail, "" where it is a plain file."""
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  (a million Paths take longer than the disk)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return "missing", "there is no such file"
    return ("", "") if regular else ("unreadable", "not a file")


def _files_in(root: str, folder: str, most: int) -> list[str]:
    """The plain files in a folder, as paths from `root`; none where there are more than `most` things in it."""
    found = []
    try:
        with os.scandir(f"{root}/{folder}") as entries:
            for number, entry in enumerate(entries):
                if number > most:
                    return []
                if entry.is_file():
                    found.append(f"{folder}/{entry.name}" if folder else entry.name)
    except (OSError, ValueError):
        return []
    return found
