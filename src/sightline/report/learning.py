"""How training went, from metrics.csv and steps.csv: curves, the learning rate, and overfitting in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from sightline.report import charts, svg
from sightline.report.page import Shown
from sightline.runs.documents.extras import LearningRates
from sightline.system import words
from sightline.system.thinning import evenly
from sightline.trust.intervals import newcombe

MOST_POINTS = 300


@dataclass(frozen=True)
class Gap:
    """Overfitting in words. `strength` is none, slight, clear or strong; shares are in 0-1."""

    strength: str
    sentence: str
    train: float
    val: float


def curves(metrics: pd.DataFrame) -> dict[str, Markup]:
    """Charts of loss and accuracy over the epochs, training against validation; empty where there is none to draw."""
    epochs = _timeline(metrics)
    if len(epochs) < 2:
        return {}
    at = epochs["at"].tolist()
    marks = _phase_marks(epochs)
    result = {}
    for what, share in (("loss", False), ("accuracy", True)):
        train, val = _column(epochs, f"train_{what}"), _column(epochs, f"val_{what}")
        tick = svg.per_cent if share else svg.plain
        shown = [v for v in [*train, *val] if np.isfinite(v)]
        if not shown:
            continue
        low, high = min(shown), max(shown)
        room = max((high - low) * 0.1, 0.01 if share else 1e-3)
        y_range = (max(0.0, low - room), min(1.0, high + room) if share else high + room)
        count = len(epochs)
        result[what] = charts.lines(
            [
                charts.Series("training", at, train, "two", dots=count <= 30),
                charts.Series("validation", at, val, "one", dots=count <= 30),
            ],
            label=f"{what.capitalize()} over {count} epochs: "
            f"training ends at {tick(round(_last(train), 3))}, validation at {tick(round(_last(val), 3))}.",
            x_label="epoch",
            x_ticks=_epoch_ticks(count),
            y_range=y_range,
            y_format=tick,
            marks=marks,
        )
    return result


def rate(steps: pd.DataFrame) -> Markup:
    """The learning rate over the steps of all phases: of the head, and of the first layers where they differ."""
    if not {"lr_max", "lr_min"} <= set(steps) or len(steps) < 2:
        return Markup("")
    kept = steps.reset_index(drop=True).iloc[evenly(len(steps), MOST_POINTS)]
    fast, slow = _column(kept, "lr_max"), _column(kept, "lr_min")
    at = [int(i) + 1 for i in kept.index]
    series = [charts.Series("head", at, fast, "one")]
    if np.nanmax(np.abs(np.subtract(fast, slow))) > 1e-12:
        series.insert(0, charts.Series("first layers", at, slow, "two"))
    else:
        series = [charts.Series("", at, fast, "one")]
    marks = []
    if "phase" in steps and steps["phase"].nunique() > 1:
        first = steps.reset_index(drop=True).drop_duplicates("phase")
        marks = [(float(at + 1), str(phase)) for at, phase in zip(first.index, first["phase"], strict=True)]
    peak = np.nanmax(fast)
    return charts.lines(
        series,
        label=f"Learning rate over {words.many(len(steps), 'step')}: its peak is {peak:.2g}.",
        x_label="step",
        y_range=(0.0, float(peak) * 1.08),
        y_format=lambda v: f"{v:.2g}",
        marks=marks,
        names="peak",
    )


def search(found: LearningRates | None) -> Markup:
    """The search for a learning rate: loss against rate, and the rate that was suggested."""
    if found is None or not found.lr:
        return Markup("")
    suggestion = found.suggestion
    return charts.lines(
        [charts.Series("", found.lr, found.loss, "one")],
        label="Loss against learning rate, as the rate is raised step by step.",
        x_label="learning rate",
        x_format=svg.power,
        log_x=True,
        marks=[(suggestion, f"{suggestion:.2g} suggested")] if suggestion else (),
    )


def gap(metrics: pd.DataFrame, learned: int = 0, validated: int = 0) -> Gap | None:
    """Overfitting as the gap between training and validation accuracy at the epoch that was kept; None without both.

    Args:
        metrics: of the run.
        learned: how many training photos there are.
        validated: how many validation photos; where both are known, a gap that chance may make is called so.
    """
    if not {"train_accuracy", "val_accuracy"} <= set(metrics):
        return None
    known = metrics.dropna(subset=["train_accuracy", "val_accuracy"])
    if not len(known):
        return None
    best = known.iloc[int(known["val_accuracy"].to_numpy().argmax())]
    position = metrics.index.get_indexer(pd.Index([best.name]))[0]
    train, val = float(best["train_accuracy"]), float(best["val_accuracy"])
    points = 100 * (train - val)
    both = f"{words.percent(train)} on the photos it learned from and {words.percent(val)} on the validation photos"
    at = f"At the epoch that did best on validation it was right on {both}"
    ends = newcombe((val * validated, validated), (train * learned, learned)) if learned and validated else None
    if ends and abs(points) >= 1 and ends[0] <= 0 <= ends[1]:
        apart = f"{words.points(train - val)} points ({words.points(ends[0])} to {words.points(ends[1])})"
        few = words.many(validated, "validation photo")
        strength, verdict = "none", f"a gap of {apart}, which chance alone may make on {few}"
    elif points < 1:
        lead = f"{-points:.1f} points more on the latter" if points <= -0.05 else "next to no difference"
        strength, verdict = "none", f"{lead}, no sign of overfitting"
    elif points < 4:
        strength, verdict = "slight", f"a gap of {points:.1f} points, slight and usual"
    elif points < 10:
        strength, verdict = "clear", f"a gap of {points:.1f} points: it has begun to learn its photos by heart"
    else:
        strength, verdict = (
            "strong",
            f"a gap of {points:.1f} points: it has learned much by heart; more photos or augmentation would help",
        )
    sentence = f"{at}: {verdict}."
    later = [v for v in _column(metrics, "val_loss")[position:] if np.isfinite(v)]
    if len(later) > 2 and later[-1] > 1.1 * min(later):
        sentence += " After that the validation loss rose again, and those epochs were not kept."
    return Gap(strength, sentence, train, val)


def table(metrics: pd.DataFrame) -> list[Shown]:
    """The numbers behind the curves, ready to show: one row per epoch."""
    return [
        {
            "phase": row.get("phase", ""),
            "epoch": row.get("epoch", ""),
            "train_loss": words.number(_float(row.get("train_loss"))),
            "train_accuracy": words.percent(_float(row.get("train_accuracy"))),
            "val_loss": words.number(_float(row.get("val_loss"))),
            "val_accuracy": words.percent(_float(row.get("val_accuracy"))),
            "seconds": words.duration(_float(row.get("seconds")) or 0),
            "images_per_second": words.count(_float(row.get("images_per_second")) or 0),
        }
        for row in metrics.to_dict("records")
    ]


def _timeline(metrics: pd.DataFrame) -> pd.DataFrame:
    epochs = metrics.reset_index(drop=True).copy()
    epochs["at"] = np.arange(1, len(epochs) + 1)
    return epochs


def _phase_marks(epochs: pd.DataFrame) -> list[tuple[float, str]]:
    if "phase" not in epochs or epochs["phase"].nunique() < 2:
        return []
    first = epochs.drop_duplicates("phase")
    return [(float(at), str(phase)) for at, phase in zip(first["at"], first["phase"], strict=True)]


def _epoch_ticks(count: int) -> list[float]:
    return [t for t in svg.ticks(1, count, 6) if t == int(t) and t >= 1] if count > 8 else list(range(1, count + 1))


def _column(frame: pd.DataFrame, name: str) -> list[float]:
    return (
        pd.to_numeric(frame[name], errors="coerce").astype(float).tolist()
        if name in frame
        else [float("nan")] * len(frame)
    )


def _last(values: list[float]) -> float:
    finite = [v for v in values if np.isfinite(v)]
    return finite[-1] if finite else float("nan")


def _float(value: Any) -> float | None:
    try:
        return float(value) if np.isfinite(float(value)) else None
    except (TypeError, ValueError):
        return None
