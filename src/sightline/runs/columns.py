"""The columns of a run's tables, and what they hold: named once, for the writer and for whoever reads them back."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.data.table import PROBLEM_COLUMNS
from sightline.system.tables import Columns
from sightline.trust import answers

METRICS = [
    "phase", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds", "images_per_second",
]  # fmt: skip
STEPS = ["phase", "step", "lr_min", "lr_max", "loss", "grad_norm"]

SAMPLES = Columns(
    needs=("path", "label", "split"),
    texts=("path", "label", "split", "group", "mode", "format", "digest", "notes"),
    numbers=("width", "height", "bytes", "brightness", "duplicate_group", "fold"),
)
PROBLEMS = Columns(PROBLEM_COLUMNS, texts=PROBLEM_COLUMNS)


def of_training(names: Sequence[str]) -> Columns:
    """A table that training writes row by row: a phase, and numbers, some of which may be missing."""
    shares = tuple(name for name in names if name.endswith("_accuracy"))
    numbers = tuple(name for name in names[1:] if name not in shares)
    return Columns(tuple(names), texts=("phase",), numbers=numbers, shares=shares, gaps=True)


def of_predictions(classes: Sequence[str]) -> Columns:
    """A table of answers for photos whose class is known."""
    chances = tuple(answers.columns(classes))
    return Columns(
        needs=("path", "label", "predicted", *chances),
        texts=("path", "split", "label", "predicted", "set", "decision"),
        shares=("confidence", *chances),
        flags=("familiar",),
    )
