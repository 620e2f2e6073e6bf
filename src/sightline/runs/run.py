"""A run as Python users hold it: its figures, its tables, its model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sightline.predictor import Predictor
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.folder import RunFolder


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
        return self.folder.known_evaluation()

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
