"""The dataset: a table of samples, its classes, and what was left out and why.

Every part of Sightline that touches photos speaks of them through this table, so its columns are named once, here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

SPLITS = ("train", "val", "test")
SAMPLE_COLUMNS = ("path", "label", "split", "group")
PROBLEM_COLUMNS = ("path", "problem", "detail", "action")

Problem = tuple[str, str, str, str]
"""One row of the problems table: path (or folder), problem in a word or two, detail, what was done about it."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled photos on disk.

    `samples` has one row per photo and a plain 0…n-1 index. Its columns are at least

    - `path`: relative to `root`, with forward slashes;
    - `label`: the class, one of `classes`;
    - `split`: "train", "val" or "test" where the dataset brings one, "" where it does not;
    - `group`: what must stay on one side of a split (a patient, a camera), "" for none.

    Preflight adds width, height, mode, format, bytes, digest, notes and brightness.

    `problems` has one row per thing that was left out or looked at twice (`PROBLEM_COLUMNS`). `set_aside` names the
    unlabelled parts, as paths relative to `root`.
    """

    name: str
    root: Path
    samples: pd.DataFrame
    classes: tuple[str, ...]
    problems: pd.DataFrame
    set_aside: tuple[str, ...] = ()

    @classmethod
    def described(cls, name: str, root: str | Path, classes: Iterable[str]) -> Dataset:
        """A dataset by its name, root and classes alone, for where its photos are not needed."""
        return cls(name, Path(root), sample_table([]), tuple(classes), problem_table([]))

    def __len__(self) -> int:
        return len(self.samples)

    def counts(self) -> pd.DataFrame:
        """Photos per class (rows, in class order) and split (columns, in the order train, val, test, "")."""
        table = pd.crosstab(self.samples["label"], self.samples["split"])
        present = [split for split in (*SPLITS, "") if split in table.columns]
        table = table.reindex(index=list(self.classes), columns=present, fill_value=0)
        return table.rename_axis(index=None, columns=None)

    def replace(self, **changes: Any) -> Dataset:
        """The same dataset with some fields changed."""
        return dataclasses.replace(self, **changes)

    def leaving_out(self, rows: Iterable[int], problems: Iterable[Problem]) -> Dataset:
        """The same dataset without the samples in `rows` (row numbers), and with `problems` added to its list.

        The classes stay as they are: a class that loses its last photo is still missed, not forgotten.
        """
        return self.replace(
            samples=self.samples.drop(index=list(rows)).reset_index(drop=True),
            problems=pd.concat([self.problems, problem_table(problems)], ignore_index=True),
        )


def sample_table(rows: Iterable[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Rows of (path, label, split, group) as a samples table."""
    return pd.DataFrame(list(rows), columns=list(SAMPLE_COLUMNS), dtype="str")


def problem_table(rows: Iterable[Problem]) -> pd.DataFrame:
    """Rows of (path, problem, detail, action) as a problems table."""
    return pd.DataFrame(list(rows), columns=list(PROBLEM_COLUMNS), dtype="str")


def printable(name: str) -> str:
    r"""A file name as valid Unicode: bytes that are not, which Python carries as lone surrogates, become \udcNN."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
