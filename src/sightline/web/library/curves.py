"""A run's learning curves as charts: those of its report, with the marks where phases begin."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from sightline.report import learning
from sightline.web.library.shelf import Shelved


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
        drawn = learning.curves(run.folder.metrics())
        rate = learning.rate(run.folder.steps())
    except Exception:  # a table that is none
        return []
    made = [
        Curve("Accuracy", "share of photos named rightly, epoch by epoch", drawn.get("accuracy", Markup(""))),
        Curve("Loss", "lower is better; what training makes small", drawn.get("loss", Markup(""))),
        Curve("Learning rate", "how large the steps were", rate),
    ]
    return [curve for curve in made if curve.chart]
