"""A person's decisions about samples, applied to the table; the data itself is never touched.

`decisions.csv` has the columns path, decision and, for relabel, label. Paths are relative to the dataset's root.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sightline.data.reading.rows import open_table
from sightline.data.table import DROPPED, Dataset, shortened
from sightline.errors import SightlineError
from sightline.system.progress import note
from sightline.system.words import quoted

DECISIONS = ("keep", "relabel", "drop")
COLUMNS = ("path", "decision", "label")


def read_decisions(path: str | Path) -> pd.DataFrame:
    """The table in a decisions file: path, decision, label ("" where none is needed), one row per path, the last wins.

    Raises:
        SightlineError: it cannot be read, lacks a column, or holds a decision that is none.
    """
    path = Path(path)
    try:
        opened = open_table(path)
        names = [name.strip().lower() for name in opened.names]
        missing = [column for column in ("path", "decision") if column not in names]
        if missing:
            raise SightlineError(f"{path}: has no column {', '.join(missing)}. Expected: path, decision, label.")
        columns: dict[str, int] = {column: names.index(column) for column in COLUMNS if column in names}
        table = opened.read(columns).apply(lambda column: column.str.strip())
    except SightlineError as error:
        why = str(error).splitlines()[0].removeprefix(str(path)).lstrip(":, ")
        why = why if why.startswith("cannot be read") else f"cannot be read as decisions: {why}"
        raise SightlineError(f"{path}: {why}") from error
    if "label" not in table:
        table["label"] = pd.Series("", index=table.index, dtype="str")
    table["decision"] = table["decision"].str.lower()
    wrong = ~table["decision"].isin(DECISIONS)
    unsaid = (table["decision"] == "relabel") & (table["label"] == "")
    for number, decision in table.loc[wrong, "decision"].items():
        raise SightlineError(f"{path}, line {number}: {quoted(decision)} is no decision; write {', '.join(DECISIONS)}.")
    for number in table.index[unsaid]:
        raise SightlineError(f"{path}, line {number}: relabel needs a label.")
    last: pd.DataFrame = table.drop_duplicates("path", keep="last", ignore_index=True)
    return last


def apply_decisions(dataset: Dataset, decisions: pd.DataFrame) -> Dataset:
    """The dataset with dropped samples left out (and listed) and relabelled ones under their new label.

    Raises:
        SightlineError: a new label is not one of the dataset's classes, or no path of the file is in the dataset.
    """
    if decisions.empty:
        return dataset
    unknown = sorted({*decisions.loc[decisions["decision"] == "relabel", "label"]} - {*dataset.classes})
    if unknown:
        raise SightlineError(
            f"The decisions relabel to {shortened(unknown)}; "
            f"the classes of {dataset.name} are {shortened(dataset.classes, 20)}."
        )
    samples = dataset.samples.copy()
    absent = ~decisions["path"].isin(samples["path"])
    if absent.all():
        raise SightlineError(
            f"None of the {len(decisions):,} decisions is about a photo of {dataset.root}, "
            f"the first: {quoted(decisions['path'][0])}. Their paths must be relative to that folder."
        )
    if absent.any():
        note(f"{int(absent.sum()):,} decisions are about photos that are not in {dataset.name}; they change nothing.")
    chosen = decisions.set_index("path")
    decision = samples["path"].map(chosen["decision"]).fillna("keep")
    relabel = decision == "relabel"
    samples.loc[relabel, "label"] = samples.loc[relabel, "path"].map(chosen["label"])
    dropped = samples[decision == "drop"]
    listed = pd.DataFrame(
        {"path": dropped["path"], "problem": DROPPED, "detail": "by a person's decision", "action": "left out"}
    )
    note(f"Decisions: {int(relabel.sum()):,} relabelled, {len(dropped):,} dropped.")
    return dataset.replace(
        samples=samples[decision != "drop"].reset_index(drop=True),
        problems=pd.concat([dataset.problems, listed], ignore_index=True),
    )
