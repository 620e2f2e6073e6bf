"""The dataset: a table of samples, its classes, and what was left out and why.

Every part of Sightline that touches photos speaks of them through this table, so its columns are named once, here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sightline.system.words import quoted

SPLITS = ("train", "val", "test")
SAMPLE_COLUMNS = ("path", "label", "split", "group")
PROBLEM_COLUMNS = ("path", "problem", "detail", "action")
DROPPED = "dropped"
"""The problem of a photo that a person decided to leave out."""

_LONGEST = 80  # letters of one word in a list of several
_NAMED = 3  # classes in one line

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
    def assembled(
        cls,
        name: str,
        root: Path,
        samples: pd.DataFrame,
        problems: Iterable[Problem] = (),
        *,
        classes: Iterable[str] | None = None,
        set_aside: Iterable[str] = (),
    ) -> Dataset:
        """A dataset from what reading found, whatever it was read from; its samples are sorted.

        Args:
            name: what the dataset is called.
            root: what the paths of the samples are relative to.
            samples: `SAMPLE_COLUMNS`, in any order of rows.
            problems: what was passed over; classes whose names are alike, and those that a split lacks, are added.
            classes: every class, where some may have lost all their photos; None: the labels of the samples.
            set_aside: the unlabelled parts.
        """
        samples = samples.sort_values(list(SAMPLE_COLUMNS), ignore_index=True)
        known = tuple(sorted({*(samples["label"].unique() if classes is None else classes)}))
        return cls(
            name=name,
            root=root,
            samples=samples,
            classes=known,
            problems=problem_table([*problems, *_alike_names(known), *_missing_classes(samples)]),
            set_aside=tuple(set_aside),
        )

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


def _alike_names(classes: Iterable[str]) -> Iterator[Problem]:
    """Classes whose names differ only in case: most likely one class, written in two ways."""
    by_case: dict[str, list[str]] = {}
    for name in classes:
        by_case.setdefault(name.casefold(), []).append(name)
    for first, *rest in by_case.values():
        if rest:
            others = " and ".join(map(quoted, rest[:_NAMED])) + (" …" if len(rest) > _NAMED else "")
            detail = f"{quoted(first)} and {others} differ only in case: they stay classes of their own"
            yield first, "alike names", detail, "kept"


def _missing_classes(samples: pd.DataFrame) -> Iterator[Problem]:
    """The classes that a split of the dataset lacks while another has them."""
    by_split = {str(split): {*labels} for split, labels in samples.groupby("split")["label"].unique().items()}
    for split in [name for name in SPLITS if name in by_split]:
        lacking = sorted(set().union(*by_split.values()) - by_split[split])
        if lacking:
            yield split, "class missing", f"the {split} part has no photo of {', '.join(lacking)}", "kept"


def sample_table(rows: Iterable[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Rows of (path, label, split, group) as a samples table."""
    return pd.DataFrame(list(rows), columns=list(SAMPLE_COLUMNS), dtype="str")


def problem_table(rows: Iterable[Problem]) -> pd.DataFrame:
    """Rows of (path, problem, detail, action) as a problems table."""
    return pd.DataFrame(list(rows), columns=list(PROBLEM_COLUMNS), dtype="str")


def shortened(words: Sequence[str], most: int = 5, what: str = "") -> str:
    """A list in words, cut after `most`: "a, b and 3 more", or "a, b and 3 more classes" where `what` is "classes"."""
    more = f" and {len(words) - most:,} more {what}".rstrip() if len(words) > most else ""
    return ", ".join(word if len(word) <= _LONGEST else f"{word[: _LONGEST - 1]}…" for word in words[:most]) + more


def printable(name: str) -> str:
    r"""A file name as valid Unicode: bytes that are not, which Python carries as lone surrogates, become \udcNN."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
