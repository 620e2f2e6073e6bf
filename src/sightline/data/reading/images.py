"""Where the photos of a manifest are, when they do not lie where its rows say: in a folder beside it, without suffix.

`train.csv` beside `train/`, whose rows say `0a1f`, is how contests hand out photos.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

import pandas as pd

from sightline.data.reading.walk import walk
from sightline.data.table import shortened
from sightline.errors import SightlineError
from sightline.system.thinning import evenly
from sightline.system.words import quoted

_TRIED = 200  # rows, to find the folder
_ENOUGH = 0.5  # of the photos that were tried are in the folder that is meant
_CLOSE = 0.9  # of the hits of the best folder: another with so many could be meant as well


def find_images(table: Path, base: Path, names: pd.Series) -> pd.Series | None:
    """The photos that names without a place mean.

    Args:
        table: the manifest.
        base: the folder to look in.
        names: what the rows say, in plain form, by the number of the row.

    Returns:
        For each row the path of its photo from `base`, or the name as it is where there is none; None where no folder
        holds them.

    Raises:
        SightlineError: more than one folder could be meant, or more than one photo.
    """
    photos = list(walk(base).tree.photos())
    places: dict[str, list[tuple[str, str]]] = {}  # file name, with and without suffix -> (folder, suffix)
    for photo in photos:
        path = PurePosixPath(photo)
        folder = photo[: -len(path.name)]
        places.setdefault(path.name, []).append((folder, ""))
        places.setdefault(path.stem, []).append((folder, path.suffix))
    tried = names.iloc[evenly(len(names), _TRIED)]
    hits = Counter(where for name in tried for where in {folder for folder, _ in _found(name, places)})
    best = hits.most_common(2)
    if not best or best[0][1] < _ENOUGH * len(tried):
        return None
    if len(best) > 1 and best[1][1] >= _CLOSE * best[0][1]:
        raise SightlineError(
            f"{table}: its photos could be those in {shortened([where or '.' for where, _ in best])}.\n"
            "Say which with --images FOLDER."
        )
    folder = best[0][0]
    known = {}
    for name in names.unique():
        suffixes = sorted({suffix for where, suffix in _found(name, places) if where == folder})
        if len(suffixes) > 1:
            several = shortened([quoted(folder + name + suffix) for suffix in suffixes])
            raise SightlineError(f"{table}: {quoted(name)} could be {several}.\nWrite the suffixes into the table.")
        if suffixes:
            known[name] = folder + name + suffixes[0]
    return names.map(known).fillna(names).astype("str")


def example_of(base: Path) -> str:
    """What a photo is called that lies in a folder, in words that follow its name; "" where there is none."""
    first = next(walk(base).tree.photos(), None)
    return "" if first is None else f", where {quoted(first)} is one that is there"


def _found(name: str, places: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The folders, from the base, in which a name is a photo, and the suffix that the name lacks."""
    inner, _, last = name.rpartition("/")
    inner += "/" if inner else ""
    hits = [(folder, suffix) for folder, suffix in places.get(last, []) if f"/{folder}".endswith(f"/{inner}")]
    return [(folder.removesuffix(inner), suffix) for folder, suffix in hits]
