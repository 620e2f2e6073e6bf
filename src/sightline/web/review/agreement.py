"""How far the review is, and how far people agree: with the audit, and with each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sightline.web.review.models import DROP, KEEP, RELABEL, Decision, Item


@dataclass(frozen=True)
class Standing:
    """The state of one run's review."""

    items: int
    decided: int
    kept: int
    relabelled: int
    dropped: int
    with_audit: int
    """Decisions that follow the audit: it called the photo wrong, and the reviewer changed or dropped it."""
    audited: int
    """Decisions on photos that the audit called wrong."""
    seen_twice: int
    same_twice: int
    disputed: int
    """Photos on which as many say one thing as another; they stay out of decisions.csv."""
    people: tuple[tuple[str, int], ...]
    """(name, decisions), the busiest first."""

    @property
    def left(self) -> int:
        """Photos that wait for a first decision."""
        return self.items - self.decided

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self.decided / self.items if self.items else 0.0


@dataclass(frozen=True)
class Outcome:
    """What holds for one photo: the verdict that most reviewers share; None while they are evenly split."""

    item: Item
    verdict: tuple[str, str] | None
    voices: int


def outcomes(run: str) -> list[Outcome]:
    """The outcome of every photo of `run` that has a decision, by path."""
    voices: dict[int, list[Decision]] = defaultdict(list)
    for decision in Decision.objects.filter(item__run=run, undone=None).select_related("item"):
        voices[decision.item_id].append(decision)
    found = []
    for decisions in voices.values():
        counted = Counter(decision.verdict for decision in decisions).most_common()
        tied = len(counted) > 1 and counted[0][1] == counted[1][1]
        found.append(Outcome(decisions[0].item, None if tied else counted[0][0], len(decisions)))
    return sorted(found, key=lambda outcome: outcome.item.path)


def standing(run: str) -> Standing:
    """Count."""
    decisions = list(Decision.objects.filter(item__run=run, undone=None).select_related("item", "user"))
    by_item: dict[int, set[tuple[str, str]]] = defaultdict(set)
    voices: Counter[int] = Counter()
    for decision in decisions:
        by_item[decision.item_id].add(decision.verdict)
        voices[decision.item_id] += 1
    twice = [item for item, count in voices.items() if count > 1]
    settled = Counter(outcome.verdict[0] if outcome.verdict else "" for outcome in outcomes(run))
    audited = [decision for decision in decisions if decision.item.kind == "finding"]
    return Standing(
        items=Item.objects.filter(run=run).count(),
        decided=len(voices),
        kept=settled[KEEP],
        relabelled=settled[RELABEL],
        dropped=settled[DROP],
        with_audit=sum(decision.decision != KEEP for decision in audited),
        audited=len(audited),
        seen_twice=len(twice),
        same_twice=sum(len(by_item[item]) == 1 for item in twice),
        disputed=settled[""],
        people=tuple(Counter(decision.user.get_username() for decision in decisions).most_common()),
    )
