"""Labels that look wrong: every photo is judged by what is known of the others, neither it nor any copy of it.

`crossfit.py` makes the probabilities. Then two questions are asked of them: cleanlab's confident learning (Northcutt,
Jiang and Chuang, 2021) says how many labels of each class are likely wrong, and which; `noise.py` puts them in order.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.checks import findings
from sightline.checks.crossfit import compact, nearest, out_of_sample
from sightline.checks.noise import suspicion

WORTH_A_LINE = 0.5  # chance of a wrong label from which a photo has a finding


def check_labels(
    samples: pd.DataFrame,
    classes: Sequence[str],
    embeddings: NDArray[np.floating],
    groups: ArrayLike,
    *,
    weaker: str = "",
    seed: int = 0,
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Findings of the check `label`, and the out-of-sample probabilities (n, K) that they rest on.

    Args:
        samples: path and label of n photos.
        classes: the K class names, in the order of the probabilities' columns.
        embeddings: (n, F) features, best those of a network that was not trained on these labels.
        groups: (n,) int; photos of one number are copies of each other.
        weaker: said with each finding, where the features were trained on these very labels.
        seed: of the parts that photos are held out in.
    """
    labels = pd.Categorical(samples["label"], categories=list(classes)).codes.astype(np.int64)
    if len(samples) < 2 or len(set(labels.tolist())) < 2:
        return findings.table([]), np.full((len(samples), len(classes)), 1 / max(1, len(classes)))
    features = compact(embeddings)
    near = nearest(features, groups)
    probabilities = out_of_sample(features, labels, groups, len(classes), near, seed=seed)
    score, suggested = suspicion(probabilities, labels)
    doubted = probabilities.argmax(axis=1) != labels
    flagged = _confident_learning(labels, probabilities) & doubted
    rows = np.flatnonzero(flagged | (doubted & (score >= WORTH_A_LINE)))
    found: list[dict[str, Any]] = []
    for row in rows:
        neighbours = near[row][near[row] >= 0]
        around = Counter(classes[labels[other]] for other in neighbours).most_common()
        counted = ", ".join(f"{n} {name}" for name, n in around)
        likely = f"looks like {classes[suggested[row]]} {probabilities[row, suggested[row]]:.2f}"
        detail = f"{likely}, its {len(neighbours)} nearest neighbours: {counted}"
        found.append(
            {
                "path": samples["path"].iloc[row],
                "check": "label",
                "score": float(score[row]),
                "flagged": bool(flagged[row]),
                "label": samples["label"].iloc[row],
                "suggested_label": classes[suggested[row]],
                "twin": "",
                "detail": f"{detail} ({weaker})" if weaker else detail,
            }
        )
    return findings.table(found), probabilities


def _confident_learning(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """cleanlab's choice of wrong labels, its default filter."""
    from cleanlab.filter import find_label_issues

    # cleanlab wants every class to have a label; classes without one cannot be judged and are left out.
    present = np.unique(labels)
    renamed = np.searchsorted(present, labels)
    part = probabilities[:, present]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issues = find_label_issues(renamed, part / part.sum(axis=1, keepdims=True), n_jobs=1)
    return np.asarray(issues, dtype=bool)
