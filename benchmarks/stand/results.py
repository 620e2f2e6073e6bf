"""Raw measurements -> RESULTS.md: every figure beside its ratio to Sightline's, with the least and the most."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sightline.trust.intervals import wilson
from stand import machine

Record = dict[str, Any]
Group = dict[int, Record]
"""The records of one peer in one phase, by round."""

TITLES = {
    "train": "Photos → tuned and tested, {epochs} epochs",
    "head": "Photos → a fitted head on frozen features, tested",
    "predict": "Answers for JPEG files",
    "one": "One photo at a time, warm",
    "step": "Tuning the whole network, the steady state",
}
NOTES = {
    "predict": "Photos a second without the start of the process; the bare engine is given pixels instead of files.",
    "one": "Wall, processor and memory are those of the whole process.",
    "step": "Photos a second of the second epoch; wall, processor and memory are those of the whole process.",
}
LEADER = "sightline"


def groups(records: Iterable[Record]) -> dict[tuple[str, int], dict[str, Group]]:
    """(phase, epochs) -> peer -> round -> record, in the order of measuring."""
    found: dict[tuple[str, int], dict[str, Group]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        epochs = record["epochs"] if record["phase"] == "train" else 0
        found[record["phase"], epochs][record["short"]][record["repeat"]] = record
    return found


def spread(values: Sequence[float], show: Callable[[float], str]) -> str:
    """The median, with the least and the most where there are several."""
    middle = show(statistics.median(values))
    return f"{middle} ({show(min(values))}–{show(max(values))})" if len(values) > 1 else middle


def ratios(group: Group, leader: Group, of: str) -> list[float]:
    """A figure of a peer over the leader's, round by round, since both were taken minutes apart."""
    return [group[r][of] / leader[r][of] for r in sorted(group) if r in leader and leader[r][of]]


def accuracy(group: Group) -> tuple[float, float, float] | None:
    """The median round's accuracy on test with its 95 % interval; None where only speed counts."""
    taken = sorted(
        (r["accuracy"], r["n_test"]) for r in group.values() if r["accuracy"] is not None and r["pretrained"]
    )
    if not taken:
        return None
    share, n = taken[len(taken) // 2]
    return (share, *wilson(round(share * n), n))


def markdown(session: dict[str, Any], command: str, chart: str) -> str:
    """The whole page."""
    settings, facts, found = session["settings"], session["machine"], groups(session["records"])
    lines = [
        "# Side by side with the peers",
        "",
        f"`{command}` wrote this page and the chart; do not edit them. Taken {session['started']}, "
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB, {facts['system']}, "
        f"{settings['threads']} threads. {settings['photos']:,} photos of {settings['data']}, "
        f"{settings['size']} × {settings['size']} pixels, batches of {settings['batch_size']}, "
        f"{'weights ' + settings['weights'] if settings['weights'] else 'every network from random values'}. "
        "Each figure is the median of its rounds (least–most); each ratio is to Sightline's in the same round.",
        "",
        *_warnings(session),
        f"![What the tables say]({chart})" if session["records"] else "Nothing was measured.",
    ]
    for (phase, epochs), peers in found.items():
        lines += ["", f"## {TITLES[phase].format(epochs=epochs)}", "", *_table(phase, peers)]
        if phase in NOTES:
            lines += ["", NOTES[phase]]
    if session["failures"]:
        lines += ["", "## Not measured", ""]
        lines += [f"- {fail['peer']}, {fail['phase']}: {fail['reason']}" for fail in session["failures"]]
    if session["records"]:
        lines += ["", "## Versions", "", *_versions(session["records"])]
    return "\n".join(lines) + "\n"


def _warnings(session: dict[str, Any]) -> list[str]:
    records, lines = session["records"], []
    if session["busy_before"] > machine.QUIET:
        lines += [
            f"**No result: the machine was busy.** Others used {session['busy_before']:.0%} of it when this began.", ""
        ]  # fmt: skip
    disturbed = [record for record in records if record["others"] > machine.UNDISTURBED]
    if disturbed:
        worst = max(record["others"] for record in disturbed)
        lines += [
            f"**Disturbed: {len(disturbed)} of {len(records)} measurements**, during which others used up to "
            f"{worst:.0%} of the processors.", ""
        ]  # fmt: skip
    if not session["complete"]:
        lines += ["**Incomplete: the time was up before every round was done.**", ""]
    return lines


def _table(phase: str, peers: dict[str, Group]) -> list[str]:
    last = {"one": "p50 · p95", "train": "accuracy (95 %)", "head": "accuracy (95 %)"}.get(phase)
    names = ["", "wall", "processor", "memory", "photos/s", *([last] if last else [])]
    lines = [f"| {' | '.join(names)} |", "|---" + "|---:" * (len(names) - 1) + "|"]
    leader = peers.get(LEADER, {})
    order = sorted(peers, key=lambda short: statistics.median(r["seconds"] for r in peers[short].values()))
    for short in order:
        group = peers[short]
        name = next(iter(group.values()))["peer"]
        cells = [f"**{name}**" if short == LEADER else name]
        for of, show in COLUMNS:
            cell = spread([record[of] for record in group.values()], show)
            against = ratios(group, leader, of)
            cells.append(f"{cell} · {spread(against, _times)}" if against and short != LEADER else cell)
        if phase == "one":
            cells.append(" · ".join(spread([r[f"p{at}_ms"] for r in group.values()], _milli) for at in (50, 95)))
        elif last:
            found = accuracy(group)
            share = "random values: speed only" if found is None else f"{found[0]:.1%} ({_ends(found[1:])})"
            cells.append(share)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _versions(records: list[Record]) -> list[str]:
    told = {record["peer"]: record["versions"] for record in records}
    return [f"- {name}: {', '.join(f'{lib} {v}' for lib, v in libs.items())}" for name, libs in sorted(told.items())]


def _ends(bounds: Sequence[float]) -> str:
    return "–".join(f"{100 * bound:.1f}" for bound in bounds)


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def _milli(value: float) -> str:
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def _bytes(value: float) -> str:
    return f"{value / 1e9:.2f} GB"


def _rate(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _times(value: float) -> str:
    return f"{value:.2f}×" if value < 10 else f"{value:.0f}×"


COLUMNS = (
    ("seconds", _seconds),
    ("cpu_seconds", _seconds),
    ("peak_memory_bytes", _bytes),
    ("photos_per_second", _rate),
)
