"""Files that are no usable photo, and photos that a person might not want: blank, dark, bright, blurred, tiny, odd.

Every measure is turned into a score: 0 is as usual, 1 surely something wrong, rising evenly between two limits that
are written down here. What a camera does is judged by itself; size and colour are judged by what the dataset is like.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sightline.checks import findings
from sightline.data.pixels import Pixels
from sightline.system.progress import track

WORTH_A_LINE = 0.5  # score from which a photo has a finding
FLAGGED = 0.8  # … from which the finding is flagged

# Measure: (where the score begins to rise, where it is 1). Levels are 0-255.
LIMITS = {
    "blank": (10.0, 3.0),  # standard deviation of the most varied channel
    "dark": (75.0, 22.0),  # the level that all but the brightest 5 % stay below
    "bright": (190.0, 232.0),  # the level that all but the darkest 5 % stay above
    "blurred": (0.28, 0.10),  # the steepest slope, in parts of the whole range per hundredth of the picture's side
    "tiny": (64.0, 16.0),  # shorter side in pixels
    "odd shape": (2.2, 5.0),  # longer side to shorter, against the dataset's usual
    "odd size": (2.5, 8.0),  # how many times smaller than usual along the shorter side
    "off-colour": (8.0, 16.0),  # how far its mean colour lies from the usual, in usual deviations
}
_CHUNK = 128
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def check_files(problems: pd.DataFrame) -> pd.DataFrame:
    """Findings of the check `file`: one for each file that was left out.

    Args:
        problems: path, problem, detail, action; of a dataset after preflight.
    """
    out = problems[problems["action"] == "left out"]
    rows = zip(out["path"].tolist(), out["problem"].tolist(), out["detail"].tolist(), strict=True)
    certain = {"check": "file", "score": 1.0, "flagged": True}
    return findings.table(
        {**certain, "path": path, "detail": f"{problem}: {detail}" if detail else problem}
        for path, problem, detail in rows
    )


def quality(samples: pd.DataFrame, pixels: Pixels) -> pd.DataFrame:
    """Scores 0-1 of every photo (rows) for each of `LIMITS` (columns); 1 is surely odd.

    Args:
        samples: one row per photo; width and height are used where it has them.
        pixels: the same photos as squares.
    """
    measures = _measure(pixels)
    scores = {name: _ramp(measures[name], *LIMITS[name]) for name in ("blank", "dark", "bright", "blurred")}
    scores["off-colour"] = _ramp(_strangeness(measures), *LIMITS["off-colour"])
    # A picture of nothing has no edges and no colour to speak of: one complaint is enough.
    for name in ("blurred", "off-colour"):
        scores[name] = np.where(scores["blank"] >= WORTH_A_LINE, 0.0, scores[name])
    if {"width", "height"} <= set(samples) and len(samples):
        width, height = samples["width"].to_numpy(float), samples["height"].to_numpy(float)
        shorter = np.minimum(width, height)
        shape = np.log(width / height)
        against = np.exp(np.abs(shape - np.median(shape)))
        scores["tiny"] = _ramp(shorter, *LIMITS["tiny"])
        scores["odd shape"] = _ramp(against, *LIMITS["odd shape"])
        scores["odd size"] = _ramp(np.median(shorter) / shorter, *LIMITS["odd size"])
    else:
        scores |= {name: np.zeros(len(samples)) for name in ("tiny", "odd shape", "odd size")}
    return pd.DataFrame({name: scores[name] for name in LIMITS})


def check_quality(samples: pd.DataFrame, pixels: Pixels) -> pd.DataFrame:
    """Findings of the check `quality`: one for each photo with a score of 0.5 or more, flagged from 0.8."""
    scores = quality(samples, pixels)
    rows: list[dict[str, Any]] = []
    for number in np.flatnonzero(scores.max(axis=1).fillna(0).to_numpy() >= WORTH_A_LINE):
        odd = scores.iloc[number]
        odd = odd[odd >= WORTH_A_LINE].sort_values(ascending=False)
        sample = samples.iloc[number]
        rows.append(
            {
                "path": sample["path"],
                "check": "quality",
                "score": float(odd.iloc[0]),
                "flagged": bool(odd.iloc[0] >= FLAGGED),
                "label": sample["label"],
                "detail": ", ".join(_described(str(name), sample) for name in odd.index),
            }
        )
    return findings.table(rows)


def _described(name: str, sample: pd.Series) -> str:
    if name in ("tiny", "odd shape", "odd size") and "width" in sample:
        return f"{name} ({int(sample['width'])} × {int(sample['height'])})"
    return name


def _measure(pixels: Pixels) -> dict[str, NDArray[np.float64]]:
    """One pass over the photos, on all cores."""
    parts = [np.arange(start, min(start + _CHUNK, len(pixels))) for start in range(0, len(pixels), _CHUNK)]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads, track("Judging photos", len(pixels)) as advance:
        done = []
        for part, measured in zip(parts, threads.map(lambda part: _measures(pixels.take(part)), parts), strict=True):
            done.append(measured)
            advance(len(part))
    names = ("blank", "dark", "bright", "blurred", "red", "blue")
    return {name: np.concatenate([np.empty(0), *(measured[name] for measured in done)]) for name in names}


def _measures(squares: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    step = max(1, squares.shape[1] // 150)
    squares = squares[:, ::step, ::step]
    n, side = len(squares), squares.shape[1]
    means = squares.mean(axis=(1, 2), dtype=np.float32)
    grey = squares.astype(np.float32) @ _LUMA
    # Every second pixel of every second row tells the levels as well as all do.
    low, dark, bright, high = np.quantile(grey[:, ::2, ::2].reshape(n, -1), [0.01, 0.05, 0.95, 0.99], axis=1)
    rows = grey[:, 1::2]
    slope = np.hypot(rows[:, :, 1:] - rows[:, :, :-1], (rows - grey[:, : 2 * rows.shape[1] : 2])[:, :, 1:])
    steep = np.quantile(slope.reshape(n, -1), 0.995, axis=1)
    return {
        "blank": squares[:, ::2, ::2].std(axis=(1, 2), dtype=np.float32).max(axis=1),
        "dark": bright,
        "bright": dark,
        "blurred": steep / np.maximum(high - low, 8) * side / 100,
        "red": means[:, 0] - means @ _LUMA,
        "blue": means[:, 2] - means @ _LUMA,
    }


def _strangeness(measures: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Distance of each photo's mean tint from the dataset's usual, in usual deviations (of at least 6 levels)."""
    if not len(measures["red"]):
        return np.empty(0)
    away = []
    for tint in (measures["red"], measures["blue"]):
        middle = np.median(tint)
        away.append((tint - middle) / max(1.48 * float(np.median(np.abs(tint - middle))), 6.0))
    return np.hypot(*away)


def _ramp(values: NDArray[Any], usual: float, bad: float) -> NDArray[np.float64]:
    """0 at `usual`, 1 at `bad`, straight between them; `bad` may lie on either side."""
    return np.clip((np.asarray(values, float) - usual) / (bad - usual), 0, 1)
