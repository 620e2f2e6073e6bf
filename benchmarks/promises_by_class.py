"""Which answer sets keep their promise for each class? Scores and calibrations side by side, over many random splits.

    python benchmarks/promises_by_class.py RUN [--splits 200]

RUN is a complete run. Its kept probabilities of validation and test photos are pooled, and cut again and again into
photos that set the thresholds (so many of each class) and photos that measure. Prints the table of benchmarks/trust.md.

Scores: LAC (the probability itself; Sadinle, Lei and Wasserman 2019), RAPS (Angelopoulos and others 2021) and SAPS
(Huang and others 2024), both with their random term. Thresholds: one for all; one for each class (Mondrian: Vovk 2012);
one for each cluster of classes with alike scores (Ding and others 2023), as Sightline's `trust.conformal` finds them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.runs.folder import RunFolder
from sightline.trust import answers, conformal

Array = NDArray[np.float64]
ASKED = 0.95


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--splits", type=int, default=200)
    given = parser.parse_args()
    run = RunFolder.open(given.run)
    classes, table = run.known_dataset().classes, run.predictions()
    p = answers.probabilities(table, classes)
    y = np.array([classes.index(label) for label in table["label"]])
    print(f"{len(y):,} photos of {len(classes)} classes, {given.splits} splits, {100 * ASKED:.0f} % asked\n")
    print("| val, of a class | score | thresholds | covered | worst class | gap, points | classes in a set | single |")
    print("|---|---|---|---|---|---|---|---|")
    for each in (10, 20, 40, 100):
        for score in ("LAC", "RAPS", "SAPS"):
            for by in ("all", "class", "cluster"):
                print(_row(p, y, each, score, by, given.splits))


def _row(p: Array, y: NDArray[np.int64], each: int, score: str, by: str, splits: int) -> str:
    k = p.shape[1]
    covered, sizes, single = np.zeros((splits, k)), np.zeros(splits), np.zeros(splits)
    for split in range(splits):
        generator = np.random.default_rng(split)
        known = np.concatenate([generator.permutation(np.flatnonzero(y == i))[:each] for i in range(k)])
        fresh = np.setdiff1d(np.arange(len(y)), known)
        u = generator.random((len(y), 1))
        worth = _worth(p, u, score)
        limits = _limits(worth[known], y[known], by)
        inside = worth[fresh] >= limits
        if score == "LAC":
            inside = conformal.sets(p[fresh], limits)
        held = inside[np.arange(len(fresh)), y[fresh]]
        covered[split] = [held[y[fresh] == i].mean() for i in range(k)]
        sizes[split], single[split] = inside.sum(axis=1).mean(), (inside.sum(axis=1) == 1).mean()
    mean = covered.mean(axis=0)
    return (
        f"| {each} | {score} | one for {'all' if by == 'all' else 'each ' + by} | {100 * covered.mean():.1f} % "
        f"| {100 * mean.min():.1f} % | {100 * np.abs(covered - ASKED).mean():.1f} "
        f"| {sizes.mean():.2f} | {100 * single.mean():.0f} % |"
    )


def _worth(p: Array, u: Array, score: str) -> Array:
    """Minus the nonconformity of each class (n, K): the higher, the sooner a class is in the set."""
    if score == "LAC":
        return p
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    place = np.arange(1, p.shape[1] + 1)
    if score == "RAPS":
        worse = np.cumsum(ranked, axis=1) - ranked * u + 0.01 * np.maximum(place - 1, 0)
    else:
        worse = np.where(place == 1, u * ranked[:, :1], ranked[:, :1] + (place - 2 + u) * 0.1)
    result = np.empty_like(p)
    np.put_along_axis(result, order, -worse, axis=1)
    return result


def _limits(worth: Array, y: NDArray[np.int64], by: str) -> Array:
    """The threshold of each class (K,)."""
    k, own = worth.shape[1], worth[np.arange(len(y)), y]
    if by == "all":
        return np.full(k, conformal.quantile(own, ASKED, worth.min()))
    groups = np.arange(k) if by == "class" else conformal.clusters(own, y, k, ASKED)
    members = [own if group < 0 else own[groups[y] == group] for group in groups]
    return np.array([conformal.quantile(each, ASKED, worth.min()) for each in members])


if __name__ == "__main__":
    main()
