"""Dealing samples out to parts so that groups stay whole and every class keeps its proportions.

Whole groups rarely add up to exact proportions, so this is a small bin-packing problem. It is solved in three steps:
groups of several samples are drawn in random order and put where there is still room for them, with odds in proportion
to the room (so that large groups do not all end in the largest part); where they overshoot, moves and swaps bring the
counts nearer (steepest descent, from a few random starts); then the samples that stand alone fill every part up to its
exact number.

All that is random comes from SHA-256 of the seed and a sample's own key, so the outcome depends neither on the order of
the rows nor on the machine, and floating-point sums are taken in a fixed order.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STARTS = 4
_MOST_TRIES = 6_000  # moves and swaps looked at per start: half a second
_MISSING = 1e6  # what it costs to leave a class out of a part: more than any miscount


def shares(count: int, fractions: Sequence[float], least: int = 0, turn: int = 0) -> list[int]:
    """`count` things in parts of about `fractions`, as whole numbers that add up (method of largest remainders).

    Args:
        count: how many things.
        fractions: the parts' shares; they need not add up to 1.
        least: no part with a share gets fewer, as far as there are enough things.
        turn: which part comes first where remainders are equal.
    """
    total = sum(fractions)
    exact = [count * fraction / total for fraction in fractions]
    parts = [int(share + 1e-9) for share in exact]
    order = [(turn + step) % len(parts) for step in range(len(parts))]
    for part in sorted(order, key=lambda part: -round(exact[part] - parts[part], 9))[: count - sum(parts)]:
        parts[part] += 1
    for part, fraction in enumerate(fractions):
        while fraction > 0 and parts[part] < least and max(parts) > least:
            parts[parts.index(max(parts))] -= 1
            parts[part] += 1
    return parts


@dataclass(frozen=True)
class _Group:
    key: str  # its place in the random order
    rows: list[int]
    classes: list[tuple[int, int]]  # (class, how many of it), in class order


def allot(
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    keys: Sequence[str],
    targets: Sequence[Sequence[int]],
    *,
    seed: str,
    required: Sequence[Sequence[bool]] | None = None,
) -> NDArray[np.int64]:
    """Deal samples out to parts.

    Args:
        labels: (n,) class numbers from 0.
        groups: (n,) group numbers; samples of one number go to the same part.
        keys: what is lasting about each sample, such as its digest.
        targets: [class][part], how many samples of the class the part should get; each class's add up to its samples.
        seed: another seed deals differently.
        required: [class][part], whether the part must get at least one sample of the class; by default wherever the
            target is not 0.

    Returns:
        (n,) part of each sample. Where that is possible every required class is in its part; the caller checks.
    """
    dealt = np.zeros(len(labels), np.int64)
    if not len(labels):
        return dealt
    needed = [[target > 0 for target in row] for row in targets] if required is None else required
    large, alone = _gather(labels, groups, keys, seed)
    table = _Table([list(row) for row in targets], needed, [len(alone[number]) for number in range(len(targets))])
    for group, part in zip(large, _place(large, table, seed), strict=True):
        table.add(group, part, 1)
        dealt[group.rows] = part
    for number in range(len(targets)):
        rows = [row for _, row in sorted(alone[number])]
        for part, room in enumerate(table.room(number)):
            dealt[rows[:room]] = part
            rows = rows[room:]
    return dealt


def _gather(
    labels: NDArray[np.int64], groups: NDArray[np.int64], keys: Sequence[str], seed: str
) -> tuple[list[_Group], dict[int, list[tuple[str, int]]]]:
    """The groups of several samples in random order, and by class the samples that stand alone, each with its key."""
    random = [f"{hashlib.sha256(f'{seed}|{key}'.encode('utf-8', 'surrogatepass')).hexdigest()}|{key}" for key in keys]
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups.tolist()):
        rows_of[group].append(row)
    large = []
    alone: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for rows in rows_of.values():
        if len(rows) == 1:
            alone[int(labels[rows[0]])].append((random[rows[0]], rows[0]))
        else:
            members = Counter(labels[rows].tolist())
            large.append(_Group(min(random[row] for row in rows), rows, sorted(members.items())))
    return sorted(large, key=lambda group: group.key), alone


class _Table:
    """How many samples of each class each part has, and how far that is from what it should have."""

    def __init__(self, targets: list[list[int]], needed: Sequence[Sequence[bool]], alone: list[int]) -> None:
        self.targets = targets
        self.needed = needed
        self.alone = alone
        self.parts = len(targets[0])
        self.filled = [[0] * self.parts for _ in targets]

    def add(self, group: _Group, part: int, sign: int) -> None:
        for number, count in group.classes:
            self.filled[number][part] += sign * count

    def cost(self, numbers: Sequence[int]) -> float:
        """The misfit of some classes once the samples that stand alone have filled what they can fill."""
        return sum([self._misfit(number) for number in numbers])

    def _misfit(self, number: int) -> float:
        filled, targets = self.filled[number], self.targets[number]
        over = room = missing = 0
        for have, want, need in zip(filled, targets, self.needed[number], strict=True):
            if have > want:
                over += have - want
            else:
                room += want - have
                missing += need and not have
        total = _MISSING * max(0, missing - self.alone[number])
        if over:
            short = over / room if room else 0.0
            for have, want in zip(filled, targets, strict=True):
                # What is over in one part is short elsewhere, spread over the parts that have room.
                off = have - want if have > want else (want - have) * short
                total += off * off / (want or 1)
        return total

    def room(self, number: int) -> list[int]:
        """How many of a class's samples that stand alone go to each part."""
        filled, targets, needed = self.filled[number], self.targets[number], self.needed[number]
        free = [max(0, want - have) for have, want in zip(filled, targets, strict=True)]
        first = [int(need and not have) for have, need in zip(filled, needed, strict=True)]
        left = self.alone[number] - sum(first)
        if left < 0:  # too few for every part that needs one: the caller will say so
            return shares(self.alone[number], first)
        rest = [max(0, want - one) for want, one in zip(free, first, strict=True)]
        spread = shares(left, rest) if sum(rest) else shares(left, [max(1, want) for want in targets])
        return [one + more for one, more in zip(first, spread, strict=True)]


def _place(large: list[_Group], table: _Table, seed: str) -> list[int]:
    """The part of each group, the best of a few random starts. `table` is left empty."""
    every = range(len(table.targets))
    best: list[int] = []
    least = float("inf")
    for start in range(_STARTS):
        parts = [_draw(group, table, _chance(f"{seed}|{start}|{group.key}")) for group in large]
        if table.cost(every):
            _descend(large, parts, table)
        cost = table.cost(every)
        if cost < least:
            best, least = list(parts), cost
        for group, part in zip(large, parts, strict=True):
            table.add(group, part, -1)
        if not least:
            break
    return best


def _chance(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def _draw(group: _Group, table: _Table, chance: float) -> int:
    """Put a group where there is room, at random, or else where it does the least harm."""
    odds = []
    for part in range(table.parts):
        room = [table.targets[number][part] - table.filled[number][part] - count for number, count in group.classes]
        size = sum(count for _, count in group.classes)
        odds.append(sum(room) + size if min(room) >= 0 else 0)
    if sum(odds):
        limit = chance * sum(odds)
        part = next(part for part in range(table.parts) if sum(odds[: part + 1]) > limit)
    else:
        costs = []
        for part in range(table.parts):
            table.add(group, part, 1)
            costs.append(table.cost([number for number, _ in group.classes]))
            table.add(group, part, -1)
        part = costs.index(min(costs))
    table.add(group, part, 1)
    return part


def _descend(large: list[_Group], parts: list[int], table: _Table) -> None:
    """Move groups, or swap two, as long as that lowers the misfit."""
    tries, better = 0, True
    while better and tries < _MOST_TRIES:
        better = False
        for index, group in enumerate(large):
            touched = [number for number, _ in group.classes]
            for part in range(table.parts):
                if part != parts[index] and tries < _MOST_TRIES:
                    tries += 1
                    better |= _try(table, [(index, part)], touched, large, parts)
        if better:
            continue
        for index, group in enumerate(large):
            for other in range(index):
                if parts[index] != parts[other] and tries < _MOST_TRIES:
                    tries += 1
                    touched = sorted({number for number, _ in [*group.classes, *large[other].classes]})
                    swap = [(index, parts[other]), (other, parts[index])]
                    better |= _try(table, swap, touched, large, parts)


def _try(
    table: _Table, changes: list[tuple[int, int]], touched: list[int], large: list[_Group], parts: list[int]
) -> bool:
    before = table.cost(touched)
    for index, part in changes:
        table.add(large[index], parts[index], -1)
        table.add(large[index], part, 1)
    if table.cost(touched) < before - 1e-9:
        for index, part in changes:
            parts[index] = part
        return True
    for index, part in changes:
        table.add(large[index], part, -1)
        table.add(large[index], parts[index], 1)
    return False
