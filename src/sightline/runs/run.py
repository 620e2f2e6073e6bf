"""A run as Python users hold it: its figures, its tables, its model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from sightline.data.decoding.deep import FULL
from sightline.data.glimpse import thumbnails
from sightline.predictor import Predictor
from sightline.runs import closing
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.folder import RunFolder
from sightline.system import html

_SHOWN = 6  # mistakes
_SIDE = 128  # pixels of a thumbnail


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
        found = self.folder.evaluation()
        return f"Run({str(self.path)!r}, {self.folder.status}{f', {found.headline}' if found else ''})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures, what was kept and why, and the most confident mistakes."""
        found = self.folder.evaluation()
        if found is None:
            return html.lines(repr(self), self.folder.failure)
        said = html.lines(str(self.path), closing.kept(self.folder), f"Report: {self.report}")
        return said + found._repr_html_() + html.pictures(self._mistakes())

    def _mistakes(self) -> Iterator[tuple[np.ndarray, str]]:
        """Thumbnails of the test photos that it got most confidently wrong, of those that can still be read."""
        described, table = self.folder.dataset(), self.predictions
        if described is None or not len(table):
            return
        wrong = table[(table["split"] == "test") & (table["label"] != table["predicted"])]
        worst = wrong.sort_values("confidence", ascending=False, kind="stable").head(_SHOWN)
        said = [(str(row.path), f"{row.label}, taken for {row.predicted}") for row in worst.itertuples()]
        yield from thumbnails(described.folder, said, _SIDE, described.white or FULL)


def load(path: str | Path, device: str = "auto") -> Predictor:
    """The predictor in a run or a model folder.

    Raises:
        UsageError: there is no trained model at `path`.
        SightlineError: it is damaged.
    """
    return Predictor.load(path, device)
