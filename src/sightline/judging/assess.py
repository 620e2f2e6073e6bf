"""What a run's predictions say beyond evaluation.json: how sure each figure is, and when to believe an answer.

Reads the predictions and samples of a finished run and runs no network. Each part of the answer is kept as
RUN/extras/<part>.json, for the report and the model card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sightline.config import Config
from sightline.judging import slices as slicing
from sightline.judging import two_classes
from sightline.judging.figures import encode, evaluate, probability_table
from sightline.models.documents import Calibrated, Fitted
from sightline.runs import ledger
from sightline.runs.documents.extra import Extra
from sightline.runs.documents.trust import (
    Bin,
    Calibration,
    ClassCoverage,
    ClassIntervals,
    Conformal,
    Decided,
    Familiar,
    Intervals,
    Reliability,
    Slice,
    Slices,
    Trust,
)
from sightline.runs.documents.two_classes import TwoClasses
from sightline.runs.folder import RunFolder
from sightline.trust import calibration, conformal
from sightline.trust.decision import DECISIONS, Decision, decide
from sightline.trust.intervals import bootstrap, wilson


@dataclass(frozen=True)
class Assessment:
    """What is known about the trust in a run; each part is also kept as RUN/extras/<its name>.json."""

    trust: Trust
    intervals: Intervals
    calibration: Calibration
    conformal: Conformal
    slices: Slices
    familiarity: Familiar | None
    """None where the predictions do not tell."""
    two: TwoClasses | None = None
    """None where there are not two classes, or the test photos have one of them only."""

    @property
    def parts(self) -> list[Extra]:
        """All that there are."""
        every = (
            *(self.trust, self.intervals, self.calibration, self.conformal, self.familiarity, self.slices),
            self.two,
        )
        return [part for part in every if part is not None]


def assess(run: RunFolder) -> Assessment:
    """Everything about the trust in a finished run, which is also written to RUN/extras.

    Raises:
        SightlineError: the run has no test predictions, or one of its files is damaged.
    """
    predictions, samples = run.predictions(), run.samples()
    if not len(predictions) or "split" not in predictions or not (predictions["split"] == "test").any():
        raise run.incomplete
    classes = run.known_dataset().classes
    fitted = Calibrated.read(run.model / "sightline.json").calibration
    test = predictions[predictions["split"] == "test"].reset_index(drop=True)
    val = predictions[predictions["split"] == "val"]
    facts = samples.drop_duplicates("path").set_index("path").reindex(test["path"]).reset_index()
    facts = facts.assign(label=test["label"])
    groups = facts["duplicate_group"].to_numpy() if "duplicate_group" in facts else None
    truth, predicted = encode(test, classes)
    p = probability_table(test, classes)
    right = truth == predicted
    twins = None
    if groups is not None:
        kind = slicing.twins(samples["duplicate_group"], samples["split"])
        of_path = samples.assign(twin=kind).drop_duplicates("path").set_index("path")["twin"]
        twins = of_path.reindex(test["path"]).fillna("").to_numpy()
    table = slicing.slices(facts, right, twins)
    evaluation = run.evaluation() or evaluate(test, classes)
    familiar = test["familiar"].astype(bool).to_numpy() if "familiar" in test else None
    found = Assessment(
        trust=Trust(
            headline=evaluation.headline,
            warning=ledger.warning(evaluation.test_opened),
            decisions=decided(p, right, fitted.limits, familiar),
        ),
        intervals=intervals(truth, predicted, classes, groups),
        calibration=calibrated(p, truth, fitted.temperature),
        conformal=covered(p, truth, classes, fitted, encode(val, classes)[0] if len(val) else ()),
        two=as_two(run, val, (p, truth), classes, groups),
        familiarity=None if familiar is None else Familiar(test_kept=float(familiar.mean())),
        slices=Slices(
            slices=tuple(Slice.model_validate(row) for row in table.to_dict("records")),
            worst=slicing.worst(table),
            leaked=slicing.leaked(right, twins) if twins is not None else None,
        ),
    )
    for part in found.parts:
        run.write_extra(part)
    return found


def as_two(
    run: RunFolder,
    val: pd.DataFrame,
    test: tuple[ArrayLike, ArrayLike],
    classes: Sequence[str],
    groups: ArrayLike | None,
    asked: str | None = None,
    sensitivity: float | None = None,
) -> TwoClasses | None:
    """The figures of two classes on test or other photos, at thresholds that the run's val photos choose.

    Args:
        run: it knows what it was asked for, and which class is the rarer in training.
        val: its predictions for val; none are needed.
        test: probabilities (n, 2) and class numbers (n,).
        classes: of the run.
        groups: (n,) the duplicate group of each photo; None: each stands for itself.
        asked: the positive class; None: as the run was asked.
        sensitivity: the one wanted, in 0-1; None: as the run was asked.

    Returns:
        None where there are not two classes, or the photos are all of one.
    """
    if len(classes) != 2:
        return None
    config = run.config() if (run.path / "config.yaml").is_file() else Config()
    samples = run.samples()
    learned = samples.loc[samples["split"] == "train", "label"].value_counts()
    positive = two_classes.positive_class(
        classes, {str(name): int(n) for name, n in learned.items()}, asked or config.positive
    )
    on_val = (probability_table(val, classes), encode(val, classes)[0]) if len(val) else None
    return two_classes.measure(on_val, test, classes, positive, sensitivity or config.sensitivity, groups)


def intervals(
    truth: ArrayLike, predicted: ArrayLike, classes: Sequence[str], groups: ArrayLike | None = None, draws: int = 1000
) -> Intervals:
    """95 % intervals [low, high] of every figure, by bootstrap over duplicate groups.

    The bootstrap calls a class without an error perfect for certain. So no interval is left narrower than Wilson's:
    that of the proportion itself for recall and precision; for F1 that of right / (right + missed + wrongly called),
    of which it is a rising function; for accuracy and the mean F1 that of the accuracy.

    Args:
        truth: (n,) class numbers.
        predicted: (n,) class numbers.
        classes: their names, in order.
        groups: (n,) the duplicate group of each photo; None: every photo stands for itself.
        draws: of the bootstrap.

    Raises:
        ValueError: there are no photos.
    """
    y, z = np.asarray(truth), np.asarray(predicted)
    k, n = len(classes), len(y)
    if not n:
        raise ValueError("intervals: there are no samples")

    def figures(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        there, called = np.bincount(y[rows], minlength=k), np.bincount(z[rows], minlength=k)
        hits = np.bincount(y[rows][y[rows] == z[rows]], minlength=k)
        f1 = 2 * hits / np.maximum(there + called, 1)
        macro = f1[there + called > 0].mean()
        means = [hits.sum() / len(rows), macro, f1 @ there / len(rows)]
        return np.concatenate([means, hits / np.maximum(called, 1), hits / np.maximum(there, 1), f1])

    best = figures(np.arange(n))
    low, high = bootstrap(figures, n, groups, draws)
    hits = np.bincount(y[y == z], minlength=k)
    there, called = np.bincount(y, minlength=k), np.bincount(z, minlength=k)
    whole = wilson(int(hits.sum()), n)
    below, above = best[0] - whole[0], whole[1] - best[0]
    floor = [(figure - below, figure + above) for figure in best[:3]]
    floor += [wilson(int(h), int(c)) for h, c in zip(hits, called, strict=True)]
    floor += [wilson(int(h), int(t)) for h, t in zip(hits, there, strict=True)]
    jaccard = [wilson(int(h), int(t + c - h)) for h, t, c in zip(hits, there, called, strict=True)]
    floor += [(2 * a / (1 + a), 2 * b / (1 + b)) for a, b in jaccard]
    limits = [
        (float(max(0.0, min(a, f[0]))), float(min(1.0, max(b, f[1])))) for a, b, f in zip(low, high, floor, strict=True)
    ]
    return Intervals(
        photos=n,
        groups=n if groups is None else len(np.unique(np.asarray(groups))),
        accuracy=limits[0],
        macro_f1=limits[1],
        weighted_f1=limits[2],
        per_class={
            name: ClassIntervals(precision=limits[3 + i], recall=limits[3 + k + i], f1=limits[3 + 2 * k + i])
            for i, name in enumerate(classes)
        },
    )


def calibrated(probabilities: ArrayLike, truth: ArrayLike, temperature: float) -> Calibration:
    """Calibration before and after the temperature was applied."""

    def measured(p: NDArray[np.float64]) -> Reliability:
        diagram = calibration.reliability(p, truth)
        columns = (diagram.edges[:-1], diagram.edges[1:], diagram.count, diagram.confidence, diagram.accuracy)
        rows = zip(*columns, diagram.low, diagram.high, strict=True)
        return Reliability(
            ece=calibration.ece(p, truth),
            ece_by_chance=calibration.ece_by_chance(p),
            brier=calibration.brier(p, truth),
            log_loss=calibration.log_loss(p, truth),
            reliability=tuple(
                Bin(
                    start=float(start), to=float(to), n=int(n), confidence=float(confidence), accuracy=float(accuracy),
                    low=float(low), high=float(high),
                )
                for start, to, n, confidence, accuracy, low, high in rows
                if n
            ),
        )  # fmt: skip

    after = np.asarray(probabilities, dtype=np.float64)
    before = calibration.retemper(after, temperature)
    return Calibration(temperature=temperature, before=measured(before), after=measured(after))


def covered(
    probabilities: ArrayLike, truth: ArrayLike, classes: Sequence[str], fitted: Fitted, validation: ArrayLike
) -> Conformal:
    """How prediction sets kept their promise on test photos, over all and for each class.

    Args:
        probabilities: (n, K), calibrated.
        truth: (n,) class numbers.
        classes: the K class names.
        fitted: the thresholds of the sets, and the coverage that they were fitted for.
        validation: (v,) class numbers of the photos that they were fitted on.

    Raises:
        ValueError: there are no photos.
    """
    y, known = np.asarray(truth), np.bincount(np.asarray(validation, dtype=np.int64), minlength=len(classes))
    if not len(y):
        raise ValueError("coverage: there are no samples")
    inside = conformal.sets(probabilities, fitted.limits)
    held = inside[np.arange(len(y)), y]
    least = conformal.least_coverage(int(known.sum()), len(y), fitted.coverage)
    sizes, photos = np.unique(inside.sum(axis=1), return_counts=True)
    there = [i for i in range(len(classes)) if (y == i).any()]
    of_class = []
    for i in there:
        mine = held[y == i]
        # Among so many classes one is always unlucky: the level is shared out over them. A class with too few
        # validation photos for a threshold of its own takes that of all of them.
        expected = min(
            conformal.least_coverage(int(behind), len(mine), fitted.coverage, 0.05 / len(there))
            for behind in (known[i], known.sum())
        )
        of_class.append(
            ClassCoverage(
                label=classes[i],
                n=len(mine),
                coverage=float(mine.mean()),
                coverage_ci95=wilson(int(mine.sum()), len(mine)),
                validation=int(known[i]),
                below=bool(known[i] and mine.mean() < min(expected, fitted.coverage)),
            )
        )
    return Conformal(
        threshold=fitted.threshold,
        coverage_by=fitted.coverage_by,
        validation=int(known.sum()),
        asked=fitted.coverage,
        coverage=float(held.mean()),
        coverage_ci95=wilson(int(held.sum()), len(y)),
        least=least,
        kept=bool(held.mean() >= least),
        mean_size=float(inside.sum(axis=1).mean()),
        sizes={str(size): int(count) for size, count in zip(sizes, photos, strict=True)},
        per_class={row.label: row.coverage for row in of_class},
        by_class=tuple(of_class),
    )


def decided(
    probabilities: ArrayLike, right: NDArray[np.bool_], threshold: ArrayLike, familiar: ArrayLike | None
) -> dict[Decision, Decided]:
    """How many photos get each decision, and how often the likeliest class is right for them."""
    known = np.ones(len(right), dtype=bool) if familiar is None else np.asarray(familiar, dtype=bool)
    decision = decide(probabilities, conformal.sets(probabilities, threshold), known)
    found: dict[Decision, Decided] = {}
    for name in DECISIONS:
        hits = right[decision == name]
        found[name] = Decided(
            n=len(hits),
            accuracy=float(hits.mean()) if len(hits) else None,
            accuracy_ci95=wilson(int(hits.sum()), len(hits)) if len(hits) else None,
        )
    return found
