"""A run's learning curves as charts, in the report's own hand."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from sightline.report.charts import Series, lines
from sightline.report.svg import per_cent
from sightline.system.thinning import evenly
from sightline.web.library.shelf import Shelved
from sightline.web.show import percent


@dataclass(frozen=True)
class Curve:
    """One chart, its title and what it says."""

    title: str
    note: str
    chart: Markup


def curves(run: Shelved) -> list[Curve]:
    """Accuracy and loss by epoch, and the learning rate by step.

    Empty before the second epoch is done, and where the tables are damaged: the run's row says that.
    """
    try:
        return _curves(run.folder.metrics(), run.folder.steps())
    except Exception:  # a table that is none
        return []


def _curves(metrics: pd.DataFrame, steps: pd.DataFrame) -> list[Curve]:
    made = []
    if len(metrics) > 1:
        epochs = list(range(1, len(metrics) + 1))
        best = metrics["val_accuracy"].max()
        shown = [
            Series("train", epochs, list(metrics["train_accuracy"]), "two"),
            Series("val", epochs, list(metrics["val_accuracy"]), "one", dots=len(epochs) < 40),
        ]
        last = metrics["val_accuracy"].iloc[-1]
        said = f"Validation accuracy: {percent(best)} at best, {percent(last)} in the last epoch."
        made.append(Curve("Accuracy", said, lines(shown, label=said, x_label="epoch", y_format=per_cent)))
        shown = [
            Series("train", epochs, list(metrics["train_loss"]), "two"),
            Series("val", epochs, list(metrics["val_loss"]), "one", dots=len(epochs) < 40),
        ]
        said = f"Validation loss: {metrics['val_loss'].min():.3g} at best."
        made.append(Curve("Loss", said, lines(shown, label=said, x_label="epoch")))
    if len(steps) > 1:
        kept = evenly(len(steps), 400)
        shown = [Series("rate", kept.tolist(), list(steps["lr_max"].iloc[kept]), "one")]
        said = f"{len(steps):,} steps; the highest rate was {steps['lr_max'].max():.2g}."
        made.append(Curve("Learning rate", said, lines(shown, label=said, x_label="step")))
    return made
