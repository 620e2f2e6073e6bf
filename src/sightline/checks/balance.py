"""Is the dataset lopsided, and could the label be told without looking at the content?

A class that is all PNG, all from one camera or all of one size teaches a network the file instead of the subject
("shortcuts", Geirhos and others, 2020). Each attribute is asked how well it tells the classes apart by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from sightline.checks import findings

_UNEVEN = 3.0  # largest class to smallest, from which imbalance is worth a line; flagged from ten
_KINDS = {"format": "file format", "mode": "colour mode", "size": "size in pixels", "camera": "camera"}
_MEASURES = {"brightness": "brightness", "bytes": "file size", "pixels": "number of pixels", "shape": "aspect ratio"}
_TELLING = 0.5  # association (Cramér's V) of a kind with the label that is worth a line; flagged from 0.8
_SEPARATE = 0.85  # area under the ROC curve of one measure for one class; flagged from 0.95
_FEWEST = 10  # photos of a class below which no measure is judged


def check_balance(samples: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Findings of the check `balance`; they are about classes, so `path` is empty and `label` names the class.

    Args:
        samples: label, and of format, mode, width, height, bytes, brightness, camera those that are known.
        classes: the class names.
    """
    return findings.table([*_imbalance(samples, classes), *_kinds(samples), *_measures(samples, classes)])


def _imbalance(samples: pd.DataFrame, classes: Sequence[str]) -> list[dict[str, Any]]:
    counts = samples["label"].value_counts().reindex(list(classes), fill_value=0)
    if counts.empty or counts.min() == 0:
        return [_finding(str(label), 1.0, True, "no photos at all") for label, count in counts.items() if count == 0]
    most = counts.idxmax()
    rows = []
    for label, count in counts.items():
        times = counts.max() / count
        if times >= _UNEVEN:
            detail = f"{count:,} photos against {counts.max():,} of {most}, {times:.1f} times as many"
            rows.append(_finding(str(label), min(1.0, 0.5 + 0.5 * np.log(times / 3) / np.log(10)), times >= 10, detail))
    return rows


def _kinds(samples: pd.DataFrame) -> list[dict[str, Any]]:
    """Attributes with few values: how strongly each goes with the label."""
    table = samples.copy()
    if {"width", "height"} <= set(table):
        table["size"] = table["width"].astype(str) + " × " + table["height"].astype(str)
    rows = []
    for column, name in _KINDS.items():
        if column not in table or table["label"].nunique() < 2:
            continue
        counts = pd.crosstab(table["label"], table[column].replace("", np.nan).fillna("unknown"))
        rare = counts.columns[counts.sum() < max(_FEWEST, 0.01 * len(table))]
        counts = counts.drop(columns=rare).assign(**({"others": counts[rare].sum(axis=1)} if len(rare) else {}))
        strength = _cramer(counts.to_numpy(float))
        if strength >= _TELLING:
            share = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
            away = (share - counts.sum() / counts.to_numpy().sum()).stack()
            label, value = away.idxmax()
            other = (counts.drop(index=label).sum() / counts.drop(index=label).to_numpy().sum())[value]
            detail = f"{name}: {value} in {share.loc[label, value]:.0%} of its photos, in {other:.0%} of the others"
            rows.append(_finding(str(label), strength, strength >= 0.8, detail))
    return rows


def _measures(samples: pd.DataFrame, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Attributes with many values: whether one of them tells a class from all others."""
    known: dict[str, NDArray[np.float64]] = {
        column: samples[column].to_numpy(float) for column in ("brightness", "bytes") if column in samples
    }
    if {"width", "height"} <= set(samples):
        width, height = samples["width"].to_numpy(float), samples["height"].to_numpy(float)
        known |= {"pixels": width * height, "shape": width / np.maximum(height, 1)}
    rows = []
    for column, values in known.items():
        ranks = rankdata(values)
        for label in classes:
            own = (samples["label"] == label).to_numpy()
            if min(own.sum(), (~own).sum()) < _FEWEST:
                continue
            area = (ranks[own].sum() - own.sum() * (own.sum() + 1) / 2) / (own.sum() * (~own).sum())
            strength = max(area, 1 - area)
            if strength >= _SEPARATE:
                middle = f"{np.median(values[own]):,.4g} against {np.median(values[~own]):,.4g} in the middle"
                detail = f"{_MEASURES[column]} alone tells it from the others {strength:.0%} of the time: {middle}"
                rows.append(_finding(label, 2 * strength - 1, strength >= 0.95, detail))
    return rows


def _cramer(counts: NDArray[np.float64]) -> float:
    """Cramér's V, 0 (independent) to 1 (one tells the other), with Bergsma's correction for small samples."""
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n, (rows, columns) = counts.sum(), counts.shape
    if min(rows, columns) < 2 or n < 2:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    square = max(0.0, ((counts - expected) ** 2 / expected).sum() / n - (rows - 1) * (columns - 1) / (n - 1))
    fewer = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    return float(np.sqrt(min(1.0, square / max(fewer - 1, 1e-9))))


def _finding(label: str, score: float, flagged: bool, detail: str) -> dict[str, Any]:
    return {
        "check": "balance",
        "score": float(min(1.0, score)),
        "flagged": bool(flagged),
        "label": label,
        "detail": detail,
    }
