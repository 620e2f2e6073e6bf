"""Tables with a column for each class, 1 for the photo's own and 0 for the others -> one column of labels."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sightline.data.reading.cells import Table
from sightline.data.table import shortened
from sightline.errors import SightlineError

YES = ("1", "1.0", "true", "t", "yes", "y", "x", "✓")
NO = ("0", "0.0", "false", "f", "no", "n", "-", "-1", "-1.0", "")
_NUMBERING = re.compile(r"|unnamed: \d+|index")  # what programs call a column that counts the rows
_MOST_CELLS = 50_000_000


def read_one_hot(table: Table, found: Mapping[str, int]) -> pd.DataFrame | None:
    """The rows of a table that has no column of labels but one for each class.

    Args:
        table: as it was opened.
        found: what is known of its columns; all others must be classes.

    Returns:
        The columns of `found`; `label`: the class of a row, "" where it has none or several; and `several`: those, in
        words. None where the other columns are no classes.

    Raises:
        SightlineError: the table is damaged, or too large.
    """
    others = [number for number in range(len(table.names)) if number not in found.values()]
    classes = {table.names[n]: n for n in others if not _NUMBERING.fullmatch(table.names[n].strip().lower())}
    if len(classes) < 2 or len({table.names[number] for number in others}) < len(others):
        return None
    rows = table.read({**{f"={name}": number for name, number in classes.items()}, **found})
    if len(rows) * len(classes) > _MOST_CELLS:
        raise SightlineError(f"{table.path}: has a column for each of {len(classes):,} classes: give one called label.")
    chosen = np.zeros((len(rows), len(classes)), dtype=bool)
    for number, name in enumerate(classes):
        cells = rows.pop(f"={name}").str.strip().str.lower()
        yes = cells.isin(YES)
        if not (yes | cells.isin(NO)).all():
            return None
        chosen[:, number] = yes
    names = np.array(list(classes), dtype=object)
    counts = chosen.sum(axis=1)
    label = np.where(counts == 1, names[chosen.argmax(axis=1)], "")
    several = np.full(len(rows), "", dtype=object)
    for row in np.flatnonzero(counts > 1).tolist():
        several[row] = shortened(names[chosen[row]].tolist())
    return rows.assign(
        label=pd.Series(label, rows.index, dtype="str"), several=pd.Series(several, rows.index, dtype="str")
    )
