"""One splitting in the making: what is known of the samples, and the steps that every way of splitting is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.data.table import SPLITS, shortened
from sightline.errors import SightlineError
from sightline.splits.allot import allot, shares
from sightline.splits.together import merge_groups
from sightline.system.words import quoted

FRACTIONS = {"train": 0.70, "val": 0.15, "test": 0.15}
LONE_PART = 0.15
"""The share of the training photos that a missing `val` or `test` takes."""
ONE_EACH = "train, val and test need one each"
FEWEST_PER_CLASS = 4


@dataclass(frozen=True)
class Cut:
    """One splitting: the samples as class numbers, what ties them together, and their lasting keys."""

    labels: NDArray[np.int64]
    classes: list[str]
    whole: NDArray[np.int64]
    keys: list[str]
    seed: int

    @classmethod
    def of(cls, samples: pd.DataFrame, groups: ArrayLike | None, seed: int) -> Cut:
        """Gather what is needed from a samples table."""
        classes, codes = np.unique(samples["label"].to_numpy(dtype=object).astype(str), return_inverse=True)
        lasting = "digest" if "digest" in samples else "path"
        whole = merge_groups(samples, groups)
        return cls(codes.astype(np.int64), [str(name) for name in classes], whole, list(samples[lasting]), seed)

    def deal(
        self,
        rows: NDArray[np.intp],
        targets: list[list[int]],
        purpose: str = "",
        required: list[list[bool]] | None = None,
    ) -> NDArray[np.int64]:
        """The part of each of `rows`."""
        keys = [self.keys[row] for row in rows.tolist()]
        seed = f"{self.seed}|{purpose}"
        return allot(self.labels[rows], self.whole[rows], keys, targets, seed=seed, required=required)

    def counts(self, rows: NDArray[np.intp]) -> list[int]:
        """How many of `rows` are of each class."""
        return [int(count) for count in np.bincount(self.labels[rows], minlength=len(self.classes))]

    def deal_rest(self, parts: NDArray[np.object_], fractions: Sequence[float]) -> None:
        """Give every sample without a part one, in place, so that each class as a whole comes to `fractions`."""
        free = np.flatnonzero(parts == "")
        counts = self.counts(free)
        held = [self.counts(np.flatnonzero(parts == part)) for part in SPLITS]
        targets, required = [], []
        for number, count in enumerate(counts):
            have = [part[number] for part in held]
            if any(have):
                each = (count + sum(have)) / sum(fractions)
                lacking = [max(0.0, each * fraction - got) for fraction, got in zip(fractions, have, strict=True)]
                aim = shares(count, lacking if any(lacking) else fractions)
            else:
                aim = shares(count, fractions, least=1, turn=1 + number % 2)  # val and test take turns
            targets.append(aim)
            required.append([want > 0 and not got for want, got in zip(aim, have, strict=True)])
        parts[free] = np.array(SPLITS, dtype=object)[self.deal(free, targets, required=required)]

    def join_known(self, parts: NDArray[np.object_]) -> None:
        """Put samples without a part with the rest of their group, in place.

        Where a group is on several sides already, as given splits may have it, the new ones go to the first of train,
        val and test: a photo that training has seen must not be tested on.
        """
        sides: dict[int, str] = {}
        for part in reversed(SPLITS):
            for group in self.whole[parts == part].tolist():
                sides[group] = part
        for row in np.flatnonzero(parts == "").tolist():
            parts[row] = sides.get(int(self.whole[row]), "")

    def carve(self, part: str, parts: NDArray[np.object_]) -> None:
        """Move 15 % of the training samples to a part that is missing, in place."""
        train = np.flatnonzero(parts == "train")
        self.require_groups(train, 2, f"train, and {part} which is taken from it, need one each")
        targets = [shares(count, [1 - LONE_PART, LONE_PART], least=1) for count in self.counts(train)]
        parts[train[self.deal(train, targets, purpose=part) == 1]] = part

    def balanced(self, per_class: int) -> NDArray[np.object_]:
        """`per_class` of each class for training and validation, the rest for testing."""
        rows = np.arange(len(self.labels))
        counts = self.counts(rows)
        self.require_groups(rows, 3, ONE_EACH)
        targets = [[per_class, count - per_class] for count in counts]
        parts = np.array(["train", "test"], dtype=object)[self.deal(rows, targets, purpose="per class")]
        self.carve("val", parts)
        return parts

    def require_groups(self, rows: NDArray[np.intp], least: int, why: str) -> None:
        """Stop where a class has fewer than `least` photos that may be parted from each other."""
        for number, name in enumerate(self.classes):
            members = rows[self.labels[rows] == number]
            independent = len(np.unique(self.whole[members]))
            if independent < least:
                tied = f" ({len(members)} in all, but copies and groups count once)" if len(members) > least else ""
                raise SightlineError(
                    f"Class {quoted(name)} has {independent} independent photo{'s' * (independent != 1)}{tied};"
                    f" {why}.\n"
                    "Add photos of it, or take the class out."
                )

    def require_every_class(self, parts: NDArray[np.object_]) -> None:
        """Stop where a class is missing from a part."""
        for part in SPLITS:
            present = set(self.labels[parts == part].tolist())
            lacking = [name for number, name in enumerate(self.classes) if number not in present]
            if lacking:
                raise SightlineError(
                    f"The {part} part has no photo of {shortened(lacking)}; each class must be in every part.\n"
                    "Add photos of it, take the class out or, where groups tie too many together, make them finer."
                )

    def finished(self, parts: NDArray[np.object_], samples: pd.DataFrame) -> pd.Series:
        """The parts as a column of `samples`, after `require_every_class`."""
        self.require_every_class(parts)
        return pd.Series(parts, index=samples.index, name="split", dtype="str")
