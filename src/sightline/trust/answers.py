"""Answers as a table: which columns a table of predictions has, and how they are read back. Named here only.

predicted     the likeliest class
confidence    its probability
p_<class>     one column for each class
set           the classes that the promised coverage leaves, joined by "|" (a name with one in it: see `joined`)
familiar      is it anything like the training photos?
decision      answer, unsure or unfamiliar
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

JOINT = "|"
"""Between the classes of a set."""


def joined(names: Iterable[str]) -> str:
    r"""Classes as the cell of a set. A "|" or "\\" in a name is written with a "\\" before it."""
    return JOINT.join(name.replace("\\", "\\\\").replace(JOINT, f"\\{JOINT}") for name in names)


def parted(cell: str) -> list[str]:
    """The classes in the cell of a set: what `joined` joined."""
    names = re.findall(r"((?:[^\\|]|\\.)*)(?:\||$)", cell, re.DOTALL)[:-1] if cell else []
    return [re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL) for name in names]


def columns(classes: Sequence[str]) -> list[str]:
    """The names of the probability columns, in class order."""
    return [f"p_{name}" for name in classes]


def named(probabilities: ArrayLike, classes: Sequence[str]) -> pd.DataFrame:
    """Probabilities (n, K) as the columns predicted, confidence and p_<class>…"""
    p = np.asarray(probabilities, dtype=np.float64).reshape(-1, len(classes))
    best = np.array(list(classes), dtype=object)[p.argmax(axis=1)] if len(p) else np.empty(0, dtype=object)
    first = pd.DataFrame({"predicted": best, "confidence": p.max(axis=1)})
    return pd.concat([first, pd.DataFrame(p, columns=columns(classes))], axis=1)


def judged(
    probabilities: ArrayLike, sets: ArrayLike, familiar: ArrayLike, decisions: ArrayLike, classes: Sequence[str]
) -> pd.DataFrame:
    """All columns of n answers.

    Args:
        probabilities: (n, K), calibrated.
        sets: (n, K) bool.
        familiar: (n,) bool.
        decisions: (n,) of "answer", "unsure" and "unfamiliar".
        classes: the K class names.
    """
    names = np.array(list(classes), dtype=object)
    inside = np.asarray(sets, dtype=bool).reshape(-1, len(names))
    return named(probabilities, classes).assign(
        set=[joined(names[row]) for row in inside],
        familiar=np.asarray(familiar, dtype=bool),
        decision=np.asarray(decisions, dtype=object),
    )


def probabilities(table: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.float64]:
    """The columns p_<class> of a table as one array (n, K).

    Raises:
        KeyError: a class has no column.
        ValueError: a column holds what is no number.
    """
    return table[columns(classes)].to_numpy(dtype=np.float64)
