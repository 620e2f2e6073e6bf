"""No sentence claims an order that the intervals do not carry: over random small confusion matrices, and by example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.judging import claims
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extras import Damaged, Robustness
from sightline.runs.documents.trust import ClassIntervals, Intervals
from sightline.trust.intervals import newcombe, wilson

NAMES = ("ash", "birch", "cedar", "date", "elm")


def judged(matrix: list[list[int]]) -> Evaluation:
    """An evaluation of a confusion matrix."""
    table = np.asarray(matrix)
    k, n, hits = len(table), int(table.sum()), np.diag(table)
    there, called = table.sum(axis=1), table.sum(axis=0)
    per_class = {
        NAMES[i]: {
            "precision": hits[i] / max(called[i], 1),
            "recall": hits[i] / max(there[i], 1),
            "f1": 2 * hits[i] / max(called[i] + there[i], 1),
            "support": int(there[i]),
        }
        for i in range(k)
    }
    return Evaluation(
        n=n, accuracy=hits.sum() / n, accuracy_ci95=wilson(int(hits.sum()), n), macro_f1=0.5, weighted_f1=0.5,
        per_class=per_class, confusion=tuple(map(tuple, table.tolist())), classes=NAMES[:k], ece=0.0, log_loss=0.1,
    )  # fmt: skip


@st.composite
def matrices(draw: st.DrawFn) -> list[list[int]]:
    """Small confusion matrices of two to five classes, some of them all but flawless, some without a class."""
    k = draw(st.integers(2, 5))
    mistakes = st.one_of(st.just(0), st.integers(0, 2), st.integers(0, 30))
    right = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 80))
    matrix = [[draw(right if i == j else mistakes) for j in range(k)] for i in range(k)]
    if not any(map(any, matrix)):
        matrix[0][0] = 1
    return matrix


@given(matrices())
def test_no_class_is_called_best_or_least_without_an_interval_that_carries_it(matrix: list[list[int]]) -> None:
    evaluation = judged(matrix)
    found = claims.extremes(evaluation)
    counts = {name: (row[i], sum(row)) for i, (name, row) in enumerate(zip(NAMES, matrix, strict=False)) if sum(row)}
    for name, sign in ((found.least, 1), (found.best, -1)):
        for other in counts.keys() - {name} if name else ():
            low, high = newcombe(counts[name], counts[other])
            assert (low if sign > 0 else -high) > 0, (name, other, matrix)
    assert (" least" in found.sentence) == (found.least is not None) or "cannot tell" in found.sentence
    assert (" best" in found.sentence) == (found.best is not None) or "cannot tell" in found.sentence
    assert "1 of the 1" not in found.sentence and "of the 0" not in found.sentence


@given(matrices())
def test_no_pair_is_called_mixed_up_most_without_an_interval_that_carries_it(matrix: list[list[int]]) -> None:
    heading = claims.mixed_up(matrix, NAMES[: len(matrix)])
    if "most" in heading:
        k = len(matrix)
        totals = sorted((matrix[i][j] + matrix[j][i] for i in range(k) for j in range(i + 1, k)), reverse=True)
        low, _ = wilson(totals[0], totals[0] + totals[1], 0.9)
        assert low > 0.5 and len(totals) > 1
        assert heading.endswith(f": {totals[0]} of {sum(totals)} mistakes")


@given(matrices())
def test_better_than_guessing_is_said_only_where_the_paired_difference_carries_it(matrix: list[list[int]]) -> None:
    found = claims.guess(judged(matrix))
    support = [sum(row) for row in matrix]
    most = NAMES.index(found.name)
    ours = sum(row[i] for i, row in enumerate(matrix)) - matrix[most][most]
    theirs = support[most] - matrix[most][most]
    assert support[most] == max(support)
    assert found.better == ("does better" in found.sentence)
    if "does better" in found.sentence or "does worse" in found.sentence:
        low, high = wilson(ours, ours + theirs)
        assert low > 0.5 if found.better else high < 0.5
    else:
        assert "not shown to be better" in found.sentence


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ([[9, 0], [0, 9]], "It made no mistake on these photos"),
        ([[9, 1, 0], [0, 9, 0], [0, 0, 9]], "It made one mistake: ash, called birch"),
        ([[9, 1, 0], [0, 9, 1], [1, 0, 9]], "3\u00a0mistakes over 3 pairs of classes; none stands out"),
        ([[9, 2, 0], [1, 9, 0], [0, 0, 9]], "3\u00a0mistakes, all between ash and birch"),
        ([[9, 3], [0, 9]], "It took 3 ash for birch"),
        ([[9, 3], [1, 9]], "It took 3 ash for birch and 1 birch for ash"),
        ([[9, 9, 0], [4, 9, 1], [0, 0, 9]], "Ash and birch are mixed up most: 13 of 14 mistakes"),
    ],
)
def test_headings(matrix: list[list[int]], said: str) -> None:
    assert claims.mixed_up(matrix, NAMES[: len(matrix)]) == said


def test_what_cannot_be_told_apart_says_how_many_photos_it_would_take() -> None:
    found = claims.extremes(judged([[22, 2, 0], [0, 24, 0], [1, 1, 22]]))
    assert (found.least, found.best) == (None, None)
    assert found.sentence.startswith(
        "Which class it knows best, and which least, these photos cannot tell: 91.7\u00a0% ("
    )
    assert "would show on about 130 photos of each class." in found.sentence
    assert claims.mixed_up_note([[20, 3, 0], [2, 20, 0], [2, 0, 20]], NAMES[:3]).startswith(
        "To tell whether the first "
    )
    assert "level" in claims.mixed_up_note([[20, 1, 0], [0, 20, 1], [0, 0, 20]], NAMES[:3])


def test_the_weak_class_is_named_with_what_it_is_taken_for() -> None:
    found = claims.extremes(judged([[120, 28, 2], [3, 147, 0], [1, 1, 148]]))
    assert found.least == "ash" and found.best is None
    assert (
        found.sentence
        == "It knows ash least, finding 80.0\u00a0% (72.9–85.6) of them: 28 of the 30 it misses it takes for birch."
    )


def test_flawless_answers_leave_room_for_what_was_not_seen() -> None:
    found = claims.extremes(judged([[25, 0], [0, 30]]))
    assert found.sentence.startswith("It found every photo; with 25\u00a0test photos of a class, up to 13.3\u00a0%")


def test_twins_weaken_a_claim() -> None:
    matrix = [[120, 28, 2], [3, 147, 0], [1, 1, 148]]
    wide = {name: ClassIntervals(precision=(0, 1), recall=(0.4, 1.0), f1=(0, 1)) for name in NAMES[:3]}
    twins = Intervals(photos=450, groups=50, accuracy=(0, 1), macro_f1=(0, 1), weighted_f1=(0, 1), per_class=wide)
    assert claims.extremes(judged(matrix), twins).least is None
    assert "most" in claims.mixed_up(matrix, NAMES[:3]) and "most" not in claims.mixed_up(matrix, NAMES[:3], twins)


def test_as_good_as_the_majority_is_not_called_better() -> None:
    found = claims.guess(judged([[37, 2], [8, 5]]))
    assert found.sentence.startswith("Always answering “ash” would be right on 75.0\u00a0%: not shown to be better")
    assert not found.better
    assert claims.guess(judged([[39, 0], [2, 11]])).better
    assert "does worse" in claims.guess(judged([[5, 40], [1, 4]])).sentence


@pytest.mark.parametrize(("n", "named"), [(None, False), (50, False), (900, True)])
def test_one_damage_is_said_to_hurt_most_only_where_enough_photos_show_it(n: int | None, named: bool) -> None:
    rows = tuple(
        Damaged(change=change, strength="strong", accuracy=accuracy, lost_ci95=(0.9 - accuracy - 0.02, 0.5))
        for change, accuracy in (("blur", 0.8), ("noise", 0.7))
    )
    heading = claims.hurts_most(Robustness(n=n, clean=0.9, rows=rows))
    assert heading == (
        "Noise hurts it most: up to 20.0 points lost"
        if named
        else "Worse photos cost it: up to 20.0 points lost, to noise"
    )
