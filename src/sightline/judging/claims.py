"""Sentences that rank or compare, made only as strong as the intervals are: for report, card, terminal and site alike.

Every "most", "least", "better" and "worse" about a run is written here or asks `trust.ranking` first. Where the photos
are too few to tell, the sentence says so, and about how many it would take should the figures stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import scipy  # its parts load when they are first used

from sightline.judging import two_classes
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extras import Folds, Robustness
from sightline.runs.documents.trust import Conformal, Intervals
from sightline.runs.documents.two_classes import TwoClasses
from sightline.system import words
from sightline.trust import ranking
from sightline.trust.intervals import wilson

_MOST_TIED = 3
_MOST_ASKED = 1_000_000
"""Photos: of more than that no sentence speaks."""


@dataclass(frozen=True)
class Guess:
    """What knowing nothing would reach: always answering with the largest class."""

    name: str
    share: float
    better: bool
    """Whether the run is shown to be better; by the exact McNemar test on the same photos."""
    sentence: str


@dataclass(frozen=True)
class Extremes:
    """The classes that are shown to be found least and best of all, with the interval of every recall."""

    least: str | None
    best: str | None
    sentence: str
    """"" where there is nothing to say: all were found alike, and some were missed."""


def guess(evaluation: Evaluation, intervals: Intervals | None = None) -> Guess:
    """Whether the run beats always answering with the class that most of its test photos have.

    Args:
        evaluation: of the run.
        intervals: of the run, for how many of the photos are twins; None: all stand for themselves.
    """
    support = [sum(row) for row in evaluation.confusion]
    most = max(range(len(support)), key=lambda i: support[i])
    right = sum(evaluation.confusion[i][i] for i in range(len(support)))
    hits = evaluation.confusion[most][most]
    ours, theirs = _thin([right - hits, support[most] - hits], intervals)
    p = min(1.0, 2.0 * float(scipy.stats.binom.cdf(min(ours, theirs), ours + theirs, 0.5)))
    share, name = support[most] / evaluation.n, evaluation.classes[most]
    said = f"Always answering “{words.name(name)}” would be right on {words.percent(share)}"
    if p < ranking.LEVEL:
        verdict = "it does better than that" if ours > theirs else "it does worse than that"
        return Guess(name, share, ours > theirs, f"{said}; {verdict}.")
    wanted = photos(ranking.events_to_part(ours, theirs), evaluation.n)
    return Guess(name, share, False, f"{said}: not shown to be better{f'; {wanted} would tell' if wanted else ''}.")


def sentences(evaluation: Evaluation, intervals: Intervals | None = None, two: TwoClasses | None = None) -> list[str]:
    """What can be said of an evaluation: against knowing nothing, class by class, and of two classes as a doctor would.

    Terminal and site say it after training and after judging anew alike.
    """
    said = (
        guess(evaluation, intervals).sentence,
        extremes(evaluation, intervals).sentence,
        two_classes.sentence(two) if two else "",
    )
    return [text for text in said if text]


def extremes(evaluation: Evaluation, intervals: Intervals | None = None) -> Extremes:
    """Which class is found best and which least, where that can be told."""
    found, counts, spans = _found(evaluation, intervals)
    if len(found) < 2:
        return Extremes(None, None, "")
    hits, n = ranking.effective([right for right, _ in counts], [of for _, of in counts], spans)
    low, high = ranking.lowest(hits, n), ranking.highest(hits, n)
    least, best = (None if place is None else found[place] for place in (low, high))

    def figure(place: int) -> str:
        right, of = counts[place]
        return f"{words.percent(right / of)} ({words.span(spans[place] or wilson(right, of))})"

    if low is not None and high is not None:
        said = f"It knows {words.name(found[high])} best, finding {figure(high)} of them, "
        said += f"and {words.name(found[low])} least, at {figure(low)}{_instead(evaluation, found[low])}."
    elif low is not None:
        said = f"It knows {words.name(found[low])} least, finding {figure(low)} of them"
        said += f"{_instead(evaluation, found[low])}."
    elif high is not None:
        said = f"It knows {words.name(found[high])} best, finding {figure(high)} of them."
    else:
        said = _alike(found, counts, figure)
    return Extremes(least, best, said)


def mixed_up(confusion: Sequence[Sequence[int]], classes: Sequence[str], intervals: Intervals | None = None) -> str:
    """A heading on which classes are mixed up: the pair is named only where it is shown to lead all others."""
    pairs = [
        (int(confusion[i][j]) + int(confusion[j][i]), classes[i], classes[j])
        for i in range(len(classes))
        for j in range(i + 1, len(classes))
    ]
    total = sum(n for n, _, _ in pairs)
    if not total:
        return "It made no mistake on these photos"
    if len(pairs) == 1:
        (one, other), (a, b) = classes, (int(confusion[0][1]), int(confusion[1][0]))
        turned = [(n, kind, called) for n, kind, called in ((a, one, other), (b, other, one)) if n]
        said = words.listing_of(
            f"{words.count(n)} {words.name(kind)} for {words.name(called)}" for n, kind, called in turned
        )
        return f"It took {said}"
    lead = ranking.leader(_thin([n for n, _, _ in pairs], intervals))
    if lead is not None:
        n, first, second = pairs[lead]
        return f"{_first(words.name(first))} and {words.name(second)} are mixed up most: {n:,} of {total:,} mistakes"
    mixed = sum(n > 0 for n, _, _ in pairs)
    if total == 1:
        i, j = next((i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if n and i != j)
        return f"It made one mistake: {words.name(classes[i])}, called {words.name(classes[j])}"
    if mixed == 1:
        _, first, second = max(pairs)
        return f"{words.many(total, 'mistake')}, all between {words.name(first)} and {words.name(second)}"
    return f"{words.many(total, 'mistake')} over {mixed:,} pairs of classes; none stands out"


def mixed_up_note(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], intervals: Intervals | None = None
) -> str:
    """About how many test photos would show which pair leads; "" where that is known, or where none would."""
    counts = [
        int(confusion[i][j]) + int(confusion[j][i]) for i in range(len(classes)) for j in range(i + 1, len(classes))
    ]
    thinned = sorted(_thin(counts, intervals), reverse=True)
    if len(thinned) < 2 or not thinned[0] or ranking.leader(thinned) is not None:
        return ""
    if thinned[0] == thinned[1]:
        return "Those on top are level: which of them is mixed up more often these photos cannot tell."
    wanted = photos(ranking.events_to_part(thinned[0], thinned[1]), sum(map(sum, confusion)))
    return f"To tell whether the first leads the second would take {wanted}." if wanted else ""


def photos(times: float | None, n: int) -> str:
    """ "about 600 test photos", so many times `n`; "" where that says nothing."""
    if times is None or times <= 1 or times * n > _MOST_ASKED:
        return ""
    return f"about {words.about(math.ceil(times * n))} test photos"


def hurts_most(found: Robustness) -> str:
    """A heading on what damage costs: one kind is named only where it is shown to cost more than each other kind.

    Two shares of the same photos, paired in a way that is no longer known, are told apart where their intervals do not
    touch, at the level divided by the number of kinds: that holds however the two hang together.
    """
    lost = {
        change: [row for row in found.rows if row.change == change] for change in {row.change: 0 for row in found.rows}
    }
    hardest = {change: min(rows, key=lambda row: row.accuracy) for change, rows in lost.items()}
    worst = min(hardest.values(), key=lambda row: row.accuracy)
    drop = found.clean - worst.accuracy
    shown = worst.lost_ci95[0] > 0 if worst.lost_ci95 else drop > 0.01
    if drop <= 0.01 or not shown:
        return "Worse photos are not shown to cost it anything" if drop > 0.01 else "It hardly notices worse photos"
    points = f"{100 * drop:.1f} points lost"
    if found.n and len(hardest) > 1:
        level = 1 - ranking.LEVEL / len(hardest)
        ends = {change: _share(row.accuracy, found.n, level) for change, row in hardest.items()}
        rest = [low for change, (low, _) in ends.items() if change != worst.change]
        if ends[worst.change][1] < min(rest):
            return f"{_first(words.name(worst.change))} hurts it most: up to {points}"
    return f"Worse photos cost it: up to {points}, to {words.name(worst.change)}"


def by_class(found: Conformal) -> str:
    """How the sets kept their promise class by class: the lowest with its interval, and whether it is below chance."""
    row = found.lowest
    if row is None:
        return ""
    figure = f"{words.percent(row.coverage)} ({words.span(row.coverage_ci95)})"
    below = [each.label for each in found.by_class if each.below]
    promise = "for each class" if found.coverage_by == "class" else "on average over all photos"
    level = [each.label for each in found.by_class if each.coverage == row.coverage]
    whose = words.listing(level) if len(level) <= _MOST_TIED else f"{words.count(len(level))} classes"
    said = f"The promise is made {promise}. Class by class the lowest is {figure}, for {whose}"
    if not below:
        return f"{said}; no class lies below {words.percent(found.asked, 0)} by more than chance explains."
    return f"{said}; less than chance explains for {words.listing(below)}."


def folds_differ(found: Folds) -> str:
    """A heading on whether the folds agree: they differ only where that is shown for one fold among so many."""
    level = 1 - ranking.LEVEL / max(len(found.folds), 1)
    ends = [_share(fold.accuracy, fold.held_out, level) for fold in found.folds]
    if all(low <= found.mean <= high for low, high in ends):
        return "The folds agree, as far as chance lets them"
    every = [fold.accuracy for fold in found.folds]
    return f"The folds differ: from {words.percent(min(every))} to {words.percent(max(every))}"


def _share(share: float, n: int, level: float) -> tuple[float, float]:
    return wilson(min(round(share * n), n), n, level)


def _found(
    evaluation: Evaluation, intervals: Intervals | None
) -> tuple[list[str], list[tuple[int, int]], list[tuple[float, float] | None]]:
    """The classes that occur: their names, (found, there), and the known interval of each recall."""
    rows = [
        (name, (row[i], sum(row)))
        for i, (name, row) in enumerate(zip(evaluation.classes, evaluation.confusion, strict=True))
    ]
    rows = [row for row in rows if row[1][1]]
    known = [
        intervals.per_class[name].recall if intervals and name in intervals.per_class else None for name, _ in rows
    ]
    return [name for name, _ in rows], [counts for _, counts in rows], known


def _alike(found: Sequence[str], counts: Sequence[tuple[int, int]], figure: Callable[[int], str]) -> str:
    shares = [right / of for right, of in counts]
    low, high = min(shares), max(shares)
    fewest = min(of for _, of in counts)
    if low == 1:
        missed = 1 - wilson(fewest, fewest)[0]
        few = words.many(fewest, "test photo")
        return f"It found every photo; with {few} of a class, up to {words.percent(missed)} of it may still be missed."
    if low == high:
        return ""
    said = "Which class it knows best, and which least, these photos cannot tell: "
    whose = [f" of {words.name(found[shares.index(end)])}" if shares.count(end) == 1 else "" for end in (low, high)]
    said += f"{figure(shares.index(low))}{whose[0]} at the low end, "
    said += f"{figure(shares.index(high))}{whose[1]} at the high end."
    wanted = ranking.photos_to_part(low, high, len(found))
    if wanted and fewest < wanted <= _MOST_ASKED:
        said += f" So large a difference would show on about {words.about(wanted)} photos of each class."
    return said


def _instead(evaluation: Evaluation, name: str) -> str:
    """What the photos of a class are taken for, where one class is shown to lead the others."""
    place = evaluation.classes.index(name)
    row = list(evaluation.confusion[place])
    row[place] = 0
    lead = ranking.leader(row) if len(row) > 2 else None
    if lead is None:
        return ""
    return f": {row[lead]:,} of the {sum(row):,} it misses it takes for {words.name(evaluation.classes[lead])}"


def _thin(counts: Sequence[int], intervals: Intervals | None) -> list[int]:
    """Counts as if twins were one photo, on average."""
    if intervals is None or not intervals.photos or intervals.groups >= intervals.photos:
        return list(counts)
    return [math.floor(n * intervals.groups / intervals.photos + 0.5) for n in counts]


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]
