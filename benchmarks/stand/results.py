"""Raw measurements -> RESULTS.md: every figure beside its ratio to Sightline's, with the least and the most."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sightline.trust.intervals import wilson
from stand import machine

Record = dict[str, Any]
Group = dict[int, Record]
"""The records of one peer in one phase, by round."""

TITLES = {
    "train": "Photos → tuned and tested, epochs: {epochs}",
    "head": "Photos → a fitted head on frozen features, tested",
    "predict": "Answers for JPEG files",
    "one": "One photo at a time, warm",
    "step": "Tuning the whole network, the steady state",
}
NOTES = {
    "train": "Photos/s: photos to learn from, over the wall time of the whole process, all epochs and the test in it.",
    "head": "Photos/s: photos to learn from, over the wall time of the whole process.",
    "predict": "Photos a second without the start of the process; the bare engine is given pixels instead of files.",
    "one": "Wall, processor and memory are those of the whole process.",
    "step": "Photos a second of the second epoch; wall, processor and memory are those of the whole process.",
}
LEADER = "sightline"
# Of a record: the figure, what to divide it by, its unit, its digits.
COLUMNS = (
    ("seconds", 1, " s", 1),
    ("cpu_seconds", 1, " s", 1),
    ("peak_memory_bytes", 1e9, " GB", 2),
    ("photos_per_second", 1, "", 1),
)


def groups(records: Iterable[Record]) -> dict[tuple[str, int], dict[str, Group]]:
    """(phase, epochs) -> peer -> round -> record, in the order of measuring."""
    found: dict[tuple[str, int], dict[str, Group]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        epochs = record["epochs"] if record["phase"] == "train" else 0
        found[record["phase"], epochs][record["short"]][record["repeat"]] = record
    return found


def spread(values: Sequence[float], unit: str = "", digits: int = 1) -> str:
    """The median with its unit, and the least and the most where there are several."""
    shown = [f"{v:.{0 if abs(v) >= 100 else digits}f}" for v in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]}{unit}" + (f" ({shown[1]}–{shown[2]})" if len(values) > 1 else "")


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
        f"`{command}` wrote this page and the chart; do not edit them.",
        "",
        f"- Taken {session['started']}: {facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB, "
        f"{facts['system']}; {settings['threads']} threads.",
        f"- {settings['photos']:,} photos of {settings['data']}, the same split for all, "
        f"{settings['size']} × {settings['size']} pixels, batches of {settings['batch_size']}; "
        f"{'weights ' + settings['weights'] if settings['weights'] else 'every network from random values'}.",
        "- Each figure is the median of its rounds (least–most); each ratio is to Sightline's in the same round.",
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
    lines += ["", "## The peers", "", *_peers(session)]
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
        for of, scale, unit, digits in COLUMNS:
            cell = spread([record[of] / scale for record in group.values()], unit, digits)
            against = ratios(group, leader, of)
            cells.append(f"{cell} · {spread(against, '×', 2)}" if against and short != LEADER else cell)
        if phase == "one":
            cells.append(" · ".join(spread([r[f"p{at}_ms"] for r in group.values()], " ms") for at in (50, 95)))
        elif last:
            found = accuracy(group)
            share = "random values: speed only" if found is None else f"{found[0]:.1%} ({_ends(found[1:])})"
            cells.append(share)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _peers(session: dict[str, Any]) -> list[str]:
    """How each is set, in its script's own words, and the versions where it was measured."""
    versions = {record["peer"]: record["versions"] for record in session["records"]}
    lines = []
    for name, about in sorted(session["peers"].items()):
        libraries = ", ".join(f"{library} {version}" for library, version in versions.get(name, {}).items())
        lines.append(f"- **{name}**: {about}" + (f" ({libraries})" if libraries else ""))
    return lines


def _ends(bounds: Sequence[float]) -> str:
    return "–".join(f"{100 * bound:.1f}" for bound in bounds)
