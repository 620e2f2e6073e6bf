"""Raw measurements -> one SVG that is read on a phone, in light and dark: accuracy against time, then bars."""

from __future__ import annotations

import itertools
import statistics
from typing import Any

from sightline.report.svg import WIDTH, Frame, axes, decades, line, per_cent, plain, text, ticks
from stand.results import LEADER, Group, accuracy, groups

STYLE = """
svg { --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --ours: #0969da; --theirs: #8c959f; --paper: #ffffff }
@media (prefers-color-scheme: dark) {
  svg { --ink: #f0f6fc; --soft: #9198a1; --grid: #3d444d; --ours: #4493f8; --theirs: #7d8590; --paper: #0d1117 }
}
text { font: 12px system-ui, sans-serif; fill: var(--ink) }
.title { font-weight: 600; font-size: 13px } .tick { fill: var(--soft); font-size: 11px }
.paper { fill: var(--paper) } .grid { stroke: var(--grid) } .axis { stroke: var(--soft) }
.ours { fill: var(--ours); stroke: var(--ours) } .theirs { fill: var(--theirs); stroke: var(--theirs) }
text.ours { stroke: none; font-weight: 600 } text.theirs { stroke: none; fill: var(--ink) }
.whisker { stroke: var(--ink) }
"""
BARS = {
    "head": ("seconds", "Seconds to a fitted head: less is better"),
    "predict": ("photos_per_second", "Answers from JPEG files, photos/s: more is better"),
    "one": ("p50_ms", "One photo, warm, milliseconds (p50): less is better"),
    "step": ("photos_per_second", "Tuning, photos/s: more is better"),
}
LEFT, RIGHT, ROW = 130, 344, 24


def svg(session: dict[str, Any]) -> str:
    """The chart of a session; panels for what was measured."""
    found = groups(session["records"])
    parts: list[str] = []
    top = 8.0
    curves = {key: peers for key, peers in found.items() if key[0] in ("train", "head")}
    if any(accuracy(group) for peers in curves.values() for group in peers.values()):
        top = _against_time(parts, curves, top)
    for (phase, _), peers in found.items():
        if phase in BARS:
            top = _bars(parts, *BARS[phase], peers, top)
    label = "Accuracy against time and speed of Sightline and its peers; the tables of RESULTS.md hold the figures"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" role="img" aria-label="{label}">'
        f'<style>{STYLE}</style><rect class="paper" width="{WIDTH}" height="{top:.0f}"/>{"".join(parts)}</svg>\n'
    )


def _against_time(parts: list[str], curves: dict[tuple[str, int], dict[str, Group]], top: float) -> float:
    """One point for each peer and number of epochs, joined in order of time; a fitted head is a ring of its own."""
    points: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    for (phase, _), peers in curves.items():
        for group in peers.values():
            if share := accuracy(group):
                record = next(iter(group.values()))
                name = record["peer"] + (", head" if phase == "head" else "")
                seconds = statistics.median(r["seconds"] for r in group.values())
                points.setdefault((record["short"], name), []).append((seconds, *share))
    times = [point[0] for of in points.values() for point in of]
    lows, highs = [p[2] for of in points.values() for p in of], [p[3] for of in points.values() for p in of]
    frame = Frame((min(times) / 1.3, max(times) * 2.2), (min(lows), max(highs)), 48, WIDTH - 12, top + 34, top + 214,
                  log_x=True)  # fmt: skip
    parts.append(text(8, top + 14, "Accuracy on test photos against time, with 95 % intervals", "title"))
    parts += axes(frame, decades(*frame.x_range), ticks(*frame.y_range), plain, per_cent, "seconds, the whole process")
    for (short, name), of in points.items():
        kind = "ours" if short == LEADER else "theirs"
        of.sort()
        for one, two in itertools.pairwise(of):
            parts.append(line(frame.x(one[0]), frame.y(one[1]), frame.x(two[0]), frame.y(two[1]), kind))
        for seconds, share, low, high in of:
            x = frame.x(seconds)
            parts.append(line(x, frame.y(low), x, frame.y(high), kind))
            parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{frame.y(share):.1f}" r="3.5"/>')
        parts.append(text(frame.x(of[-1][0]) + 7, frame.y(of[-1][1]) + 4, name, kind))
    return frame.bottom + 52


def _bars(parts: list[str], of: str, title: str, peers: dict[str, Group], top: float) -> float:
    """A bar for each peer as long as its median, a whisker from its least to its most."""
    rows = [(short, group, sorted(r[of] for r in group.values())) for short, group in peers.items()]
    rows.sort(key=lambda row: statistics.median(row[2]), reverse=of == "photos_per_second")
    longest = max(values[-1] for _, _, values in rows)
    parts.append(text(8, top + 14, title, "title"))
    for i, (short, group, values) in enumerate(rows):
        middle, y = statistics.median(values), top + 26 + ROW * i
        kind = "ours" if short == LEADER else "theirs"
        least, length, most = (LEFT + (RIGHT - LEFT) * v / longest for v in (values[0], middle, values[-1]))
        parts.append(text(LEFT - 6, y + 12, next(iter(group.values()))["peer"], kind, "end"))
        parts.append(f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{length - LEFT:.1f}" height="16" rx="2"/>')
        if len(values) > 1:
            parts.append(line(least, y + 8, most, y + 8, "whisker"))
        parts.append(text(most + 6, y + 12, plain(round(middle, 1)), "tick"))
    return top + 26 + ROW * len(rows) + 20
