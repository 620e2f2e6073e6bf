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

import pandas as pd

from sightline.data.table import PROBLEM_COLUMNS
from sightline.errors import SightlineError
from sightline.system.progress import track

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_ODD = r"^\s|\s$|^[/~]|\\|//|(?:^|/)\.{1,2}(?:/|$)|/$|^[A-Za-z]:"
_MANY = 1000  # photos in one folder, from which on listing it is quicker than asking for each


def inside(table: Path, texts: pd.Series) -> pd.Series:
    """Paths as the rows give them -> relative to the manifest's folder, in plain form.

    Args:
        table: the manifest.
        texts: what each row says, by the number of the row.

    Raises:
        SightlineError: one lies outside the folder.
    """
    names = texts.str.replace(r"^(?:\./+)+", "", regex=True)
    for base in {f"{table.parent}/", f"{os.path.realpath(table.parent)}/"}:
        names = names.str.removeprefix(base)
    odd = names.str.contains(_ODD, regex=True) | (names == "")
    if odd.any():
        plain = {text: _plain(table.parent, text) for text in texts[odd].unique()}
        names = names.mask(odd, texts.map(plain)).astype("str")
    outside = (names == "..") | names.str.startswith("../")
    if outside.any():
        row = outside.idxmax()
        raise SightlineError(
            f"{table}, row {row}: {texts[row]!r} lies outside the manifest's folder, and is not read.\n"
            "Put the manifest into a folder above all its photos, or make a link to them in its folder."
        )
    return names


def _plain(folder: Path, text: str) -> str:
    name = text
    if text != text.strip() and not os.path.lexists(folder / text):
        name = text.strip()  # "cats/1.jpg, cat": a space after the comma
    if "\\" in name and not os.path.lexists(folder / name):
        name = name.replace("\\", "/")  # a manifest that was written on Windows
    if Path(name).is_absolute() or os.path.splitdrive(name)[0] or _WINDOWS_DRIVE.match(name):
        name = _relative(name, folder)
    return posixpath.normpath(name)


def _relative(name: str, folder: Path) -> str:
    """An absolute path from `folder`, as it was named or as it really is; "../" where it lies elsewhere."""
    if Path(name).is_absolute():
        for base in (str(folder), os.path.realpath(folder)):
            if os.path.commonpath([base, os.path.normpath(name)]) == base:
                return Path(os.path.relpath(name, base)).as_posix()
    return "../" + name


def present(table: Path, paths: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """Which photos of a manifest are there.

    Args:
        table: the manifest.
        paths: plain paths from its folder, each once, by the number of the row.

    Returns:
        Whether each is a file, and a problem for each that is none.
    """
    there = pd.Series(False, index=paths.index)
    with track("Looking for the photos", len(paths)) as advance:
        parents = paths.str.replace(r"/?[^/]*$", "", regex=True)
        for parent, count in parents.value_counts().items():
            if count < _MANY:
                break
            found = _files_in(table.parent, str(parent), 20 * count)
            seen = paths.isin(found) & (parents == parent)
            there |= seen
            advance(int(seen.sum()))
        problem, detail = {}, {}
        for row, path in paths[~there].items():
            advance()
            try:
                regular = stat.S_ISREG((table.parent / path).stat().st_mode)
                why = ("unreadable", "not a file")
            except (OSError, ValueError):  # ValueError: a NUL in the name
                regular, why = False, ("missing", "there is no such file")
            if regular:
                there[row] = True
            else:
                problem[row], detail[row] = why
    absent = paths[~there]
    where = f"{table.name} row " + absent.index.astype("str").to_series(absent.index) + ": "
    columns = {
        "path": absent,
        "problem": pd.Series(problem, dtype="str"),
        "detail": where + pd.Series(detail, dtype="str"),
        "action": "left out",
    }
    return there, pd.DataFrame(columns, index=absent.index, columns=list(PROBLEM_COLUMNS), dtype="str")


def _files_in(root: Path, folder: str, most: int) -> list[str]:
    """The plain files in a folder, as paths from `root`; none where there are more than `most` things in it."""
    found = []
    try:
        with os.scandir(root / folder) as entries:
            for number, entry in enumerate(entries):
                if number > most:
                    return []
                if entry.is_file():
                    found.append(f"{folder}/{entry.name}" if folder else entry.name)
    except (OSError, ValueError):
        return []
    return found
