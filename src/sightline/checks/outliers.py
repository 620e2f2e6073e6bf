"""Photos that belong to no class: those far from all others in the features of a network.

The distance is the mean to the ten nearest photos, copies left out, as in kNN outlier detection (Ramaswamy, Rastogi and
Shim, 2000; with deep features Kuan and Mueller, "Back to the basics: revisiting out-of-distribution detection
baselines", 2022). It is judged by how the dataset's own distances spread, so a varied dataset is not all outliers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.checks import findings
from sightline.checks.neighbours import Neighbours

WORTH_A_LINE = 0.5
FLAGGED = 0.8
_NEIGHBOURS = 10
_COPIES = 6  # more near ones are asked for, since some may be copies
_FEWEST = 50  # below this nothing can be said about what is usual
_FAR, _VERY_FAR = 1.5, 3.0  # times the spread between the middle and the 95th percentile, beyond the middle


def check_outliers(samples: pd.DataFrame, features: NDArray[np.float32], groups: ArrayLike) -> pd.DataFrame:
    """Findings of the check `outlier`.

    Args:
        samples: path and label of n photos.
        features: (n, d), as `labels.compact` gives them.
        groups: (n,) int; photos of one number are copies of each other.
    """
    scores, nearest = outlyingness(features, groups)
    rows = np.flatnonzero(scores >= WORTH_A_LINE)
    return findings.table(
        {
            "path": samples["path"].iloc[row],
            "check": "outlier",
            "score": float(scores[row]),
            "flagged": bool(scores[row] >= FLAGGED),
            "label": samples["label"].iloc[row],
            "twin": samples["path"].iloc[nearest[row]],
            "detail": f"unlike the others; the nearest is {samples['label'].iloc[nearest[row]]}",
        }
        for row in rows
    )


def outlyingness(features: NDArray[np.float32], groups: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n,) scores 0-1, and the row of each photo's nearest neighbour that is no copy of it."""
    groups, n = np.asarray(groups), len(features)
    if n < _FEWEST:
        return np.zeros(n), np.zeros(n, np.int64)
    unit = features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-6)
    near, cosine = Neighbours(unit).nearest(unit, _NEIGHBOURS + _COPIES)
    copy = groups[near] == groups[:, None]
    rank = np.cumsum(~copy, axis=1)
    counted = ~copy & (rank <= _NEIGHBOURS)
    distance = 1 - (cosine * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    middle, high = np.quantile(distance, [0.5, 0.95])
    away = (distance - middle) / max(float(high - middle), 1e-6)
    scores = np.clip((away - _FAR) / (_VERY_FAR - _FAR), 0, 1)
    nearest = np.take_along_axis(near, np.argmax(~copy, axis=1)[:, None], axis=1)[:, 0]
    return scores, nearest
