"""No rows, one row, one class: every public function of the splits, the checks, the trust and the judging.

Each gives an answer, or says in words what is missing. None takes the mean of nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.checks import balance, copies, crossfit, duplicates, files, findings, labels, outliers, summary
from sightline.data.pixels import Pixels
from sightline.errors import SightlineError
from sightline.judging import assess, figures, slices
from sightline.models.documents import Fitted
from sightline.splits.allot import allot
from sightline.splits.carry import carry
from sightline.splits.folds import folds
from sightline.splits.split import require_possible, split
from sightline.splits.together import merge_groups
from sightline.trust import answers, calibration, conformal, decision, familiarity, intervals

WORDS = (
    "there are no samples", "there are no classes", "there are no predictions", "familiarity needs", "independent",
    "has only", "give 4 or more", "each class must be in every part", "cannot be in each", "need one each",
)  # fmt: skip


class Small:
    """A dataset of `n` photos dealt to `k` classes, and what a network might say of it."""

    def __init__(self, n: int, k: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.n, self.k = n, k
        self.classes = [f"c{number}" for number in range(k)]
        self.labels = np.arange(n) % k
        names = [self.classes[number] for number in self.labels]
        texts = {"path": [f"{name}/{row}.jpg" for row, name in enumerate(names)], "label": names, "split": [""] * n}
        texts |= {"group": [""] * n, "digest": [f"{row % 7:064x}" for row in range(n)], "notes": [""] * n}
        texts |= {"mode": ["RGB"] * n, "format": ["JPEG"] * n}
        self.samples = pd.DataFrame(texts, dtype="str").assign(width=8, height=8, bytes=100, brightness=100.0)
        self.pixels = Pixels(random.integers(0, 255, (n, 24, 24, 3), dtype=np.uint8))
        self.features = random.random((n, 16)).astype(np.float32)
        self.groups = np.arange(n) // 2
        self.p = random.dirichlet(np.ones(k), n) if n else np.zeros((0, k))
        self.right = random.random(n) < 0.5
        self.predictions = pd.concat(
            [
                self.samples[["path", "label"]].assign(split="test", predicted=names, confidence=1.0),
                pd.DataFrame(self.p, columns=answers.columns(self.classes)),
            ],
            axis=1,
        )


FUNCTIONS: dict[str, Callable[[Small], Any]] = {
    "split": lambda s: split(s.samples, s.groups),
    "split per class": lambda s: split(s.samples, s.groups, per_class=4),
    "split given": lambda s: split(s.samples.assign(split="train"), s.groups),
    "require_possible": lambda s: require_possible(s.samples, per_class=5, folds=3),
    "carry": lambda s: carry(s.samples.iloc[:1].assign(split="train"), s.samples, s.groups),
    "folds": lambda s: folds(s.samples, s.groups, 2),
    "merge_groups": lambda s: merge_groups(s.samples, s.groups),
    "allot": lambda s: allot(s.labels, s.groups, list(s.samples["path"]), [[s.n, 0, 0]] * s.k, seed="0"),
    "copies": lambda s: copies.check_copies(s.samples, duplicates.find_duplicates(s.samples, s.pixels)),
    "balance": lambda s: balance.check_balance(s.samples, s.classes),
    "files": lambda s: files.check_files(pd.DataFrame(columns=["path", "problem", "detail", "action"], dtype="str")),
    "quality": lambda s: files.check_quality(s.samples, s.pixels),
    "compact": lambda s: crossfit.compact(s.features),
    "nearest": lambda s: crossfit.nearest(s.features, s.groups),
    "labels": lambda s: labels.check_labels(s.samples, s.classes, s.features, s.groups),
    "outliers": lambda s: outliers.check_outliers(s.samples, crossfit.compact(s.features), s.groups),
    "sentences": lambda s: summary.sentences(findings.joined([]), s.samples),
    "probabilities": lambda s: calibration.probabilities(np.log(s.p + 1e-9)),
    "fit_temperature": lambda s: calibration.fit_temperature(np.log(s.p + 1e-9), s.labels),
    "reliability": lambda s: calibration.reliability(s.p, s.labels),
    "ece": lambda s: calibration.ece(s.p, s.labels),
    "ece_by_chance": lambda s: calibration.ece_by_chance(s.p, draws=5),
    "brier": lambda s: calibration.brier(s.p, s.labels),
    "log_loss": lambda s: calibration.log_loss(s.p, s.labels),
    "conformal fit": lambda s: conformal.fit(s.p, s.labels),
    "sets": lambda s: conformal.sets(s.p, 0.5),
    "coverage": lambda s: conformal.coverage(s.p > 0.5, s.labels),
    "least_coverage": lambda s: conformal.least_coverage(s.n, s.n),
    "decide": lambda s: decision.decide(s.p, s.p > 0.5, s.right),
    "familiarity": lambda s: familiarity.fit(s.features, s.features),
    "wilson": lambda s: intervals.wilson(0, s.n),
    "bootstrap": lambda s: intervals.bootstrap(lambda rows: np.array([len(rows)]), s.n, s.groups, 5),
    "mcnemar": lambda s: intervals.mcnemar(s.right, ~s.right),
    "paired_bootstrap": lambda s: intervals.paired_bootstrap(s.right, ~s.right, s.groups, draws=5),
    "judged": lambda s: answers.judged(s.p, s.p > 0.5, s.right, ["answer"] * s.n, s.classes),
    "evaluate": lambda s: figures.evaluate(s.predictions, s.classes),
    "macro_f1": lambda s: figures.macro_f1(figures.confusion(s.labels, s.labels, s.k)),
    "intervals": lambda s: assess.intervals(s.labels, s.labels, s.classes, s.groups, 5),
    "calibrated": lambda s: assess.calibrated(s.p, s.labels, 1.0),
    "covered": lambda s: assess.covered(s.p, s.labels, s.classes, Fitted(threshold=0.5), s.labels),
    "decided": lambda s: assess.decided(s.p, s.right, 0.5, None),
    "slices": lambda s: slices.worst(slices.slices(s.samples, s.right)),
    "leaked": lambda s: slices.leaked(s.right, slices.twins(s.groups, s.samples["split"])),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_small_tables_are_answered_or_refused_in_words(name: str) -> None:
    @settings(max_examples=15)
    @given(n=st.integers(0, 9), k=st.integers(1, 3), seed=st.integers(0, 100))
    def each(n: int, k: int, seed: int) -> None:
        try:
            FUNCTIONS[name](Small(n, k, seed))
        except (SightlineError, ValueError) as error:
            assert any(words in str(error) for words in WORDS), error

    each()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("n", "k"), [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (3, 1), (2, 2)])
def test_the_smallest_tables(name: str, n: int, k: int) -> None:
    try:
        FUNCTIONS[name](Small(n, k, 0))
    except (SightlineError, ValueError) as error:
        assert any(words in str(error) for words in WORDS), error
