"""What a finished run says last: which weights were kept and why, and what ended in the middle of a cycle."""

from __future__ import annotations

import pandas as pd

from sightline.config import Config
from sightline.runs.folder import RunFolder
from sightline.system.words import percent


def kept(run: RunFolder) -> str:
    """Which phase's weights are in the model, and what decided it; "" where one cannot say, as of an ensemble."""
    metrics = run.metrics()
    if not len(metrics):
        return ""
    fitted = {phase.name for phase in run.config().phases if phase.solver == "lbfgs"}
    # As training does: the best on val, the lower loss where that is equal, and of equals the first.
    order = metrics.sort_values(["val_accuracy", "val_loss"], ascending=[False, True], kind="stable")
    best = order.iloc[0]
    others = order[order["phase"] != best["phase"]].drop_duplicates("phase")
    chosen = f"Kept: {_of(best, metrics, fitted)}, {_share(best)} on val."
    if not len(others):
        return chosen
    return f"{chosen} {' '.join(_beaten(row, best, fitted) for _, row in others.iterrows())}"


def _of(row: pd.Series, metrics: pd.DataFrame, fitted: set[str]) -> str:
    phase = str(row["phase"])
    if phase in fitted:
        return f"the fitted head ({phase})"
    epochs = int((metrics["phase"] == phase).sum())
    return f"epoch {int(row['epoch'])} of {epochs} of {phase}"


def _beaten(row: pd.Series, best: pd.Series, fitted: set[str]) -> str:
    phase = str(row["phase"])
    it = "The fitted head" if phase in fitted else phase
    if row["val_accuracy"] == best["val_accuracy"]:
        return f"{it} came to the same on val, less sure of what is right."
    if phase in fitted:
        return f"{it} alone came to {_share(row)}."
    return f"{it}: {_share(row)} on val, did not beat {_share(best)}."


def _share(row: pd.Series) -> str:
    return percent(float(row["val_accuracy"]))


def cut_short(config: Config) -> list[str]:
    """What to say of phases that end within a cycle of their learning rate, which is then still high."""
    return [
        f"{phase.name}: {phase.epochs} epoch{'' if phase.epochs == 1 else 's'} end within a cycle of"
        f" {phase.cycle_epochs:g}, so the learning rate has not come down. Give a multiple of it with --epochs,"
        f" or a shorter cycle: --set phases.{number}.cycle_epochs={phase.epochs}"
        for number, phase in enumerate(config.phases)
        if phase.schedule == "cyclical" and phase.solver == "gradient" and phase.epochs % phase.cycle_epochs
    ]
