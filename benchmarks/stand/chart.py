"""Raw measurements -> one SVG that is read on a phone, in light and dark: accuracy against time, then bars."""

from __future__ import annotations

import itertools
import statistics
from typing import Any

from sightline.report.svg import WIDTH, Frame, axes, decades, line, per_cent, plain, text, ticks
from stand.results import LEADER, Group, accuracy, groups

# One colour for each peer wherever it appears: in light, in dark.
COLOURS = {
    "sightline": ("#0969da", "#4493f8"),
    "fastai": ("#c2410c", "#fb923c"),
    "timm": ("#15803d", "#4ade80"),
    "hf": ("#a16207", "#facc15"),
    "keras": ("#be185d", "#f472b6"),
    "ultralytics": ("#6d28d9", "#a78bfa"),
    "autogluon": ("#0f766e", "#2dd4bf"),
    "sklearn": ("#991b1b", "#f87171"),
    "onnxruntime": ("#6b7280", "#9ca3af"),
}
INKS = (("#1f2328", "#59636e", "#d1d9e0", "#ffffff"), ("#f0f6fc", "#9198a1", "#3d444d", "#0d1117"))
BARS = {
    "head": ("seconds", "Seconds to a fitted head: less is better"),
    "predict": ("photos_per_second", "Answers from JPEG files, photos/s: more is better"),
    "one": ("p50_ms", "One photo, warm, milliseconds (p50): less is better"),
    "step": ("photos_per_second", "Tuning, photos/s: more is better"),
}
LEFT, RIGHT, ROW, LEGEND = 132, 344, 24, 286


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
        f'<style>{_style()}</style><rect class="paper" width="{WIDTH}" height="{top:.0f}"/>{"".join(parts)}</svg>\n'
    )


def _style() -> str:
    light, dark = (
        f"svg {{ --ink: {ink}; --soft: {soft}; --grid: {grid}; --paper: {paper} }}"
        + "".join(f" .{short} {{ --of: {both[scheme]} }}" for short, both in COLOURS.items())
        for scheme, (ink, soft, grid, paper) in enumerate(INKS)
    )
    return f"""
{light}
@media (prefers-color-scheme: dark) {{ {dark} }}
text {{ font: 12px system-ui, sans-serif; fill: var(--ink) }} .title, text.{LEADER} {{ font-weight: 600 }}
.tick {{ fill: var(--soft); font-size: 11px }} .paper {{ fill: var(--paper) }}
.grid {{ stroke: var(--grid) }} .axis {{ stroke: var(--soft) }} .whisker {{ stroke: var(--ink) }}
circle, rect.bar, line.of {{ stroke: var(--of); fill: var(--of) }} circle.ring {{ fill: var(--paper); stroke-width: 2 }}
"""


def _against_time(parts: list[str], curves: dict[tuple[str, int], dict[str, Group]], top: float) -> float:
    """A dot for each number of epochs, joined in order of time, and a ring for a head alone; the best named first."""
    points: dict[str, list[tuple[float, float, float, float, bool]]] = {}
    names: dict[str, str] = {}
    for (phase, _), peers in curves.items():
        for short, group in peers.items():
            if share := accuracy(group):
                seconds = statistics.median(record["seconds"] for record in group.values())
                points.setdefault(short, []).append((seconds, *share, phase == "head"))
                names[short] = next(iter(group.values()))["peer"]
    every = [point for of in points.values() for point in of]
    times, lows, highs = ([point[at] for point in every] for at in (0, 2, 3))
    frame = Frame(
        (min(times) / 1.2, max(times) * 1.2), (min(lows), max(highs)), 44, LEGEND - 14, top + 32, top + 222, log_x=True
    )
    parts.append(text(8, top + 14, "Accuracy on test photos against time (95 % intervals)", "title"))
    round_times = decades(*frame.x_range)
    shown = round_times[:: 1 + len(round_times) // 6]  # as many as have room
    parts += axes(frame, shown, ticks(*frame.y_range), plain, per_cent, "seconds, whole process")
    for short, of in points.items():
        tuned = sorted(point for point in of if not point[4])
        for one, two in itertools.pairwise(tuned):
            parts.append(line(frame.x(one[0]), frame.y(one[1]), frame.x(two[0]), frame.y(two[1]), f"of {short}"))
        for seconds, share, low, high, ring in of:
            x = frame.x(seconds)
            parts.append(line(x, frame.y(low), x, frame.y(high), f"of {short}"))
            parts.append(_dot(x, frame.y(share), f"{short} ring" if ring else short))
    ranked = sorted(points, key=lambda short: max(point[1] for point in points[short]), reverse=True)
    legend = [(short, short, names[short]) for short in ranked]
    if any(point[4] for point in every):
        legend.append(("onnxruntime ring", "tick", "a head alone"))
    for i, (dot, kind, name) in enumerate(legend):
        y = frame.top + 8 + 18 * i
        parts += [_dot(LEGEND, y, dot), text(LEGEND + 9, y + 4, name, kind)]
    return frame.bottom + 56


def _bars(parts: list[str], of: str, title: str, peers: dict[str, Group], top: float) -> float:
    """A bar for each peer as long as its median, a whisker from its least to its most; the best first."""
    rows = [(short, group, sorted(record[of] for record in group.values())) for short, group in peers.items()]
    rows.sort(key=lambda row: statistics.median(row[2]), reverse=of == "photos_per_second")
    longest = max(values[-1] for _, _, values in rows)
    parts.append(text(8, top + 14, title, "title"))
    for i, (short, group, values) in enumerate(rows):
        middle, y = statistics.median(values), top + 26 + ROW * i
        least, length, most = (LEFT + (RIGHT - LEFT) * v / longest for v in (values[0], middle, values[-1]))
        parts.append(text(LEFT - 6, y + 12, next(iter(group.values()))["peer"], short, "end"))
        parts.append(f'<rect class="bar {short}" x="{LEFT}" y="{y}" width="{length - LEFT:.1f}" height="16" rx="2"/>')
        if len(values) > 1:
            parts.append(line(least, y + 8, most, y + 8, "whisker"))
        parts.append(text(most + 6, y + 12, plain(round(middle, 1)), "tick"))
    return top + 26 + ROW * len(rows) + 20


def _dot(x: float, y: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
