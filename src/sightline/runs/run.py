"""A run as Python users hold it: its figures, its tables, its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sightline.errors import SightlineError
from sightline.predictor import Predictor
from sightline.runs.folder import RunFolder


@dataclass(frozen=True)
class Evaluation:
    """The figures of one evaluation; the keys of evaluation.json as attributes."""

    n: int
    accuracy: float
    accuracy_ci95: tuple[float, float]
    macro_f1: float
    weighted_f1: float
    per_class: dict[str, dict[str, float]]
    confusion: list[list[int]]
    classes: list[str]
    ece: float
    log_loss: float
    test_opened: int | None

    def to_dict(self) -> dict[str, Any]:
        """Exactly what evaluation.json holds."""
        return {**vars(self), "accuracy_ci95": list(self.accuracy_ci95)}

    @property
    def headline(self) -> str:
        """93.1 % (92.1-94.0) on 3,000 photos."""
        low, high = self.accuracy_ci95
        return f"{self.accuracy:.1%} ({low * 100:.1f}–{high * 100:.1f}) on {self.n:,} photos".replace("%", " %", 1)


class Run:
    """One training and all that it left."""

    def __init__(self, path: str | Path) -> None:
        self.folder = RunFolder.open(path)

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def evaluation(self) -> Evaluation:
        """The figures on the test part.

        Raises:
            SightlineError: the run is not complete.
        """
        found = self.folder.evaluation()
        if not found:
            raise SightlineError(f"{self.path}: is not complete. Go on with: sightline train --resume {self.path}")
        return Evaluation(**{**found, "accuracy_ci95": tuple(found["accuracy_ci95"])})

    @property
    def predictions(self) -> pd.DataFrame:
        """val and test: path, split, label, predicted, confidence, p_<class>…"""
        return self.folder.predictions()

    @property
    def metrics(self) -> pd.DataFrame:
        """One row per epoch."""
        return self.folder.metrics()

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.folder.report

    def model(self, device: str = "auto") -> Predictor:
        """The predictor that this run made."""
        return Predictor.load(self.path, device)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.folder.status})"


def load(path: str | Path, device: str = "auto") -> Predictor:
    """The predictor in a run or a model folder.

    Raises:
        UsageError: there is no trained model at `path`.
        SightlineError: it is damaged.
    """
    return Predictor.load(path, device)
