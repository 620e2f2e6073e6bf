"""How far the promises of a run hold on real photos: the figures of benchmarks/trust.md.

    python benchmarks/trust.py RUN [--photos 300] [--export]

RUN is a complete run whose photos are still there. Prints Markdown. Familiarity methods are compared on validation
photos; test photos only measure.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from sightline.config import Config
from sightline.judging.assess import assess
from sightline.judging.heat import heat, hide
from sightline.models import engines, zoo
from sightline.predictor import Predictor
from sightline.release.export import export
from sightline.runs.documents.extras import Neighbours
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Prepared, reopen
from sightline.scenes.write import KINDS, off_topic

Array = NDArray[np.float32]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--photos", type=int, default=300, help="of each kind")
    parser.add_argument("--export", action="store_true", help="also export to both formats and check them")
    given = parser.parse_args()
    run = RunFolder.open(given.run)
    predictor = Predictor.load(run.path, "cpu")
    prepared = reopen(run, predictor.size, predictor.fit)
    network = f"{predictor.network.architecture} at {predictor.size} pixels"
    print(f"Run: {prepared.dataset.name}, {network}, {platform.machine()}")
    promises(run)
    strangers(run, predictor, prepared, given.photos)
    reasons(run.config(), predictor, prepared, given.photos)
    if given.export:
        for form in ("onnx", "torch"):
            found = export(run, form, run.path / f"benchmark-{form}")  # type: ignore[arg-type]
            difference = f"largest difference of a probability {found['largest_difference']:.1e}"
            print(f"\nExport to {form}: the same labels on {found['checked_on']} photos, {difference}.")


def promises(run: RunFolder) -> None:
    """Calibration and coverage on the test part."""
    found = assess(run)
    before, after, sets = found.calibration.before, found.calibration.after, found.conformal
    print("\n## Promises on the test part\n\n| figure | value |\n|---|---|")
    print(f"| accuracy | {found.trust.headline} |")
    print(f"| temperature | {found.calibration.temperature:.3f} |")
    for name in ("ece", "brier", "log_loss"):
        print(f"| {name} before → after | {getattr(before, name):.4f} → {getattr(after, name):.4f} |")
    print(f"| ECE that chance alone stays below (95th percentile of 1,000) | {after.ece_by_chance:.4f} |")
    print(f"| coverage: asked, measured, least by chance | {sets.asked}, {sets.coverage:.4f}, {sets.least:.4f} |")
    print(f"| mean set size | {sets.mean_size:.3f} |")
    for name, row in found.trust.decisions.items():
        if row.n:
            print(f"| decision {name} | {row.n} photos, {100 * row.accuracy:.1f} % right |")
    print(f"| worst | {found.slices.worst} |")


def strangers(run: RunFolder, predictor: Predictor, prepared: Prepared, photos: int) -> None:
    """Methods compared on validation photos against drawn strangers; then the chosen one measured on test."""
    generator = np.random.default_rng(0)
    val, test = (generator.permutation(prepared.rows(split))[: 3 * photos] for split in ("val", "test"))
    assert predictor.familiarity is not None
    # What the model folder remembers: unit vectors of up to 2,000 training photos, and their labels.
    known = predictor.familiarity.bank.astype(np.float32)
    labels = np.array([predictor.classes.index(label) for label in run.extra(Neighbours).labels])
    kin, judged = (predictor.outputs(prepared.pixels.take(rows)) for rows in (val, test))
    odd = {
        kind: predictor.outputs(np.stack([np.asarray(off_topic(seed, predictor.size, kind)) for seed in range(photos)]))
        for kind in KINDS
    }
    print("\n## Strangers: AUROC against validation photos\n")
    print(f"| method | {' | '.join(KINDS)} |\n|---|{'---|' * len(KINDS)}")
    for name, score in _methods(known, labels).items():
        cells = [f"{_auroc(score(kin.embeddings), score(other.embeddings)):.4f}" for other in odd.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    sure = [f"{_auroc(1 - kin.probabilities.max(1), 1 - other.probabilities.max(1)):.4f}" for other in odd.values()]
    print(f"| low confidence (for comparison) | {' | '.join(sure)} |")
    print("\n## Strangers: the model's own decision\n")
    print(f"| | test photos | {' | '.join(KINDS)} |\n|---|---|{'---|' * len(KINDS)}")
    caught = [f"{100 * (~other.familiar).mean():.1f} %" for other in odd.values()]
    print(f"| called unfamiliar | {100 * (~judged.familiar).mean():.1f} % | {' | '.join(caught)} |")
    print("\n## Strangers from next door: one class left out of the memory, AUROC against the other classes\n")
    print("| class | five nearest |\n|---|---|")
    val_labels = prepared.labels[val]
    for i, name in enumerate(predictor.classes):
        score = _nearest(known[labels != i], 5)
        print(
            f"| {name} | {_auroc(score(kin.embeddings[val_labels != i]), score(kin.embeddings[val_labels == i])):.3f} |"
        )


def reasons(config: Config, predictor: Predictor, prepared: Prepared, photos: int) -> None:
    """Hiding what was hot against hiding at random, and maps of the trained against maps of random weights."""
    rows = np.random.default_rng(1).permutation(prepared.rows("test"))[:photos]
    pixels = prepared.pixels.take(rows)
    engine = engines.make("eager", predictor.network, "cpu")
    plain = Predictor(predictor.network, engine, temperature=predictor.temperature)
    p = plain.outputs(pixels).probabilities
    said, at = p.argmax(1), np.arange(len(rows))
    maps = heat(predictor.network, pixels, said)
    chance = np.random.default_rng(2).random(maps.shape).astype(np.float32)
    hot = p[at, said] - plain.outputs(hide(pixels, maps)).probabilities[at, said]
    cold = p[at, said] - plain.outputs(hide(pixels, chance)).probabilities[at, said]
    blank = zoo.build(
        predictor.network.architecture, classes=predictor.classes, scratch=True, head=config.head, size=predictor.size
    )
    blank.module.eval()
    other = heat(blank, pixels, said)
    alike = [
        spearmanr(a.ravel(), b.ravel()).statistic
        for a, b in zip(maps, other, strict=True)
        if a.std() > 0 and b.std() > 0
    ]
    print(f"\n## Reasons, over {len(rows)} test photos\n\n| test | figure |\n|---|---|")
    print(f"| probability lost, hottest tenth hidden | {hot.mean():.4f} |")
    print(f"| probability lost, random tenth hidden | {cold.mean():.4f} |")
    print(f"| photos where the hottest tenth costs more | {100 * (hot > cold).mean():.1f} % |")
    print(f"| rank correlation of maps, trained against random weights | {np.mean(alike):.3f} |")


def _methods(train: Array, labels: NDArray[Any]) -> dict[str, Callable[[Array], Array]]:
    found: dict[str, Callable[[Array], Array]] = {
        f"{k} nearest, cosine ({len(train)} kept)": _nearest(train, k) for k in (1, 5, 50)
    }
    found["Mahalanobis, by class"] = _mahalanobis(train, labels, relative=False)
    found["relative Mahalanobis (Ren et al. 2021)"] = _mahalanobis(train, labels, relative=True)
    return found


def _nearest(bank: Array, k: int) -> Callable[[Array], Array]:
    unit = bank / np.linalg.norm(bank, axis=1, keepdims=True)

    def score(x: Array) -> Array:
        likeness = (x / np.linalg.norm(x, axis=1, keepdims=True)) @ unit.T
        return 1 - np.sort(likeness, axis=1)[:, -k:].mean(axis=1)

    return score


def _mahalanobis(train: Array, labels: NDArray[Any], *, relative: bool) -> Callable[[Array], Array]:
    middles = [train[labels == i].mean(axis=0) for i in np.unique(labels)]
    within = np.concatenate([train[labels == i] - m for i, m in zip(np.unique(labels), middles, strict=True)])
    precision, whole = _precision(within), _precision(train - train.mean(axis=0))

    def score(x: Array) -> Array:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        nearest = np.min([np.sum((x - m) @ precision * (x - m), axis=1) for m in middles], axis=0)
        centred = x - train.mean(axis=0)
        return nearest - (np.sum(centred @ whole * centred, axis=1) if relative else 0)

    return score


def _precision(centred: Array) -> Array:
    covariance = centred.T @ centred / len(centred)
    covariance += 0.01 * np.trace(covariance) / len(covariance) * np.eye(len(covariance), dtype=covariance.dtype)
    return np.linalg.inv(covariance)


def _auroc(kin: Array, odd: Array) -> float:
    return float(roc_auc_score(np.r_[np.zeros(len(kin)), np.ones(len(odd))], np.r_[kin, odd]))


if __name__ == "__main__":
    main()
