"""Charts as inline SVG: drawn in the page's own colours, light or dark, and legible on a phone.

On a wide page charts stand side by side instead of growing. Colours are classes of `theme/charts.css`: `one` is what to
look at, `two` what it is held against, `bad` what went wrong. Every chart carries its message as its accessible name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike

from sightline.report import svg
from sightline.report.svg import Tick, per_cent, plain
from sightline.runs.documents.trust import Bin


@dataclass(frozen=True)
class Series:
    """One line of a chart. `kind` is a colour class; where y is missing the line is broken."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: str = "one"
    dots: bool = False

    def points(self) -> list[tuple[float, float]]:
        """The points that are there."""
        return [(x, y) for x, y in zip(self.x, self.y, strict=True) if svg.finite(x, y)]


def lines(
    series: Sequence[Series],
    *,
    label: str,
    x_label: str = "",
    y_range: tuple[float, float] | None = None,
    x_range: tuple[float, float] | None = None,
    x_ticks: Sequence[float] | None = None,
    x_format: Tick = plain,
    y_format: Tick = plain,
    marks: Iterable[tuple[float, str]] = (),
    diagonal: bool = False,
    log_x: bool = False,
    height: float = 250,
    names: Literal["end", "peak"] = "end",
) -> Markup:
    """A line chart with each line named beside it rather than in a legend; empty where there is no point.

    Args:
        series: the lines, back to front.
        label: what the chart says, for those who cannot see it.
        marks: (x, text) of upright hair lines, such as where a phase begins.
        diagonal: draw the line on which x equals y.
        log_x: x in powers of ten; every x must be above 0.
        names: where a line's name stands; "peak" for lines that meet at the end.
    """
    points = [point for s in series for point in s.points()]
    if not points:
        return Markup("")
    xs, ys = zip(*points, strict=True)
    y_range = y_range or _padded(min(ys), max(ys))
    x_range = x_range or (min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1)
    y_at = svg.ticks(*y_range, 5)
    frame = svg.Frame(
        x_range,
        y_range,
        left=14 + 7 * max(len(y_format(v)) for v in y_at),
        right=svg.WIDTH - 16 - (7 * max(len(s.name) for s in series) if names == "end" else 0),
        top=24 if names == "peak" else 14,
        bottom=height - (38 if x_label else 24),
        log_x=log_x,
    )
    if x_ticks is None:
        x_ticks = svg.decades(*x_range) if log_x else svg.ticks(*x_range, 5)
    parts = svg.axes(frame, x_ticks, y_at, x_format, y_format, x_label)
    for at, text in marks:
        parts.append(svg.line(frame.x(at), frame.top, frame.x(at), frame.bottom, "mark"))
        fits = frame.x(at) + 4 + 7 * len(text) <= svg.WIDTH  # else it stands on the line's other side
        parts.append(
            svg.text(frame.x(at) + (4 if fits else -4), frame.top + 9, text, "tick", "start" if fits else "end")
        )
    if diagonal:
        a, b = max(x_range[0], y_range[0]), min(x_range[1], y_range[1])
        parts.append(svg.line(frame.x(a), frame.y(a), frame.x(b), frame.y(b), "ideal"))
    for s in series:
        parts.append(f'<path class="line {s.kind}" d="{_path(s, frame)}"/>')
        if s.dots:
            lead = f"{x_label} " if x_label else ""
            for x, y in s.points():
                tip = f"{lead}{x_format(x)}: {s.name} {y_format(round(y, 4))}"
                parts.append(svg.dot(frame.x(x), frame.y(y), 3.2, f"dot {s.kind}", tip))
    return svg.drawing(parts + _names(series, frame, names), height, label)


def reliability(bins: Sequence[Bin], *, label: str, before: Sequence[Bin] = (), height: float = 300) -> Markup:
    """How often the network is right against how sure it says it is; below, how many photos are behind each point.

    Args:
        bins: those that hold photos.
        label: what the chart says, for those who cannot see it.
        before: the same before calibration.
        height: of the drawing.
    """
    floor = 84
    at = [0, 0.2, 0.4, 0.6, 0.8, 1]
    frame = svg.Frame((0, 1), (0, 1), 46, svg.WIDTH - 16, 12, height - floor)
    parts = svg.axes(frame, [], at, y_format=per_cent)
    parts.append(svg.line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), "ideal"))
    total, most = sum(b.n for b in bins), max([b.n for b in bins] + [1])
    counts = svg.Frame((0, 1), (0, most), frame.left, frame.right, height - floor + 8, height - 36)
    wide = (frame.right - frame.left) / 15 * 0.72
    for b in bins:
        x, tip = counts.x(b.confidence), f"{b.n:,.0f} of {total:,.0f} photos"
        parts.append(svg.column(x - wide / 2, wide, counts.y(b.n), counts.bottom, "quiet", tip))
    parts += svg.axes(counts, at, [], x_format=per_cent, x_label="how sure it said it was")
    for b in bins:
        x = frame.x(b.confidence)
        parts.append(svg.line(x, frame.y(b.low), x, frame.y(b.high), "range one"))
    for group, kind, radius in ((before, "ring two", 3.4), (bins, "dot one", 4.4)):
        for b in group:
            sure, right = per_cent(round(b.confidence, 3)), per_cent(round(b.accuracy, 3))
            tip = f"{sure} sure, {right} right, {b.n:,.0f} photos"
            parts.append(svg.dot(frame.x(b.confidence), frame.y(b.accuracy), radius, kind, tip))
    return svg.drawing(parts, height, label)


def scatter(
    width: ArrayLike, height: ArrayLike, *, label: str, odd: ArrayLike | None = None, tall: float = 320
) -> Markup:
    """Photo sizes: one circle per size, its area the number of photos of that size; odd sizes in the warning colour.

    Args:
        width: (n,) pixels, one entry for each photo.
        height: (n,) pixels.
        label: what the chart shows, for who cannot see it.
        odd: (n,) which photos have an odd size.
        tall: height of the drawing, in its own units.
    """
    pairs = np.column_stack([np.asarray(width, float), np.asarray(height, float)])
    if not len(pairs):
        return Markup("")
    sizes, which, n = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    marked = np.zeros(len(pairs)) if odd is None else np.asarray(odd, float)
    strange = np.bincount(which.ravel(), weights=marked, minlength=len(sizes)) > 0
    low, high = float(sizes.min()), float(sizes.max())
    log = high > 12 * max(low, 1)  # from stamps to posters: equal steps would squeeze the small ones together
    room = max((high - low) * 0.12, high * 0.05, 1)
    ends = (max(low, 1) / 1.3, high * 1.3) if log else (max(0.0, low - room), high + room)
    at = svg.decades(*ends) if log else svg.ticks(*ends, 5)
    left = 14 + 7 * max(len(plain(v)) for v in at)
    side = min(svg.WIDTH - 14 - left, tall - 64)
    frame = svg.Frame(ends, ends, left, left + side, 26, 26 + side, log, log)
    parts = svg.axes(frame, at, at, x_label="width, pixels")
    parts.append(svg.text(2, 12, "height, pixels", "tick"))
    parts += [svg.line(frame.x(t), frame.top, frame.x(t), frame.bottom, "grid") for t in at]
    parts.append(svg.line(frame.left, frame.bottom, frame.right, frame.top, "ideal"))
    largest = 15.0 if n.max() > 3 else 1.5
    for i in np.argsort(-n, kind="stable")[:1500]:
        (w, h), kind = sizes[i], "bad" if strange[i] else "one"
        tip = f"{plain(w)} × {plain(h)}: {n[i]:,} photo{'s' if n[i] > 1 else ''}"
        radius = 2.4 + largest * math.sqrt(n[i] / n.max())
        parts.append(svg.dot(frame.x(w), frame.y(h), radius, f"bubble {kind}", tip))
    return svg.drawing(parts, frame.bottom + 38, label)


def panels(
    edges: Sequence[float],
    groups: Sequence[tuple[str, Sequence[float], str]],
    *,
    label: str,
    x_label: str = "",
    x_format: Tick = plain,
    tall: float = 104,
) -> Markup:
    """Histograms over the same bins, one above the other, each with its own height: a few mistakes stay to be seen.

    Args:
        edges: n + 1 bin edges.
        groups: (name, n counts, colour class), the first on top.
    """
    parts: list[str] = []
    foot = 0.0
    for i, (name, numbers, kind) in enumerate(groups):
        top = max([*numbers, 1])
        frame = svg.Frame((edges[0], edges[-1]), (0, top), 46, svg.WIDTH - 16, foot + 26, foot + tall)
        foot, last = frame.bottom + 14, i == len(groups) - 1
        whole = [t for t in svg.ticks(0, top, 3) if t == int(t)]
        below = svg.ticks(edges[0], edges[-1], 5) if last else []
        parts += svg.axes(frame, below, whole, x_format, x_label=x_label if last else "")
        parts.append(svg.text(frame.left, frame.top - 9, f"{sum(numbers):,.0f} {name}", f"name {kind}"))
        for start, end, n in zip(edges[:-1], edges[1:], numbers, strict=True):
            if n > 0:
                tip = f"{x_format(start)} to {x_format(end)}: {n:,.0f} {name}"
                x = frame.x(start) + 0.6
                parts.append(svg.column(x, frame.x(end) - x - 0.6, frame.y(n), frame.bottom, kind, tip))
    return svg.drawing(parts, foot + 28, label)


def bar(parts: Sequence[tuple[float, str]], most: float) -> Markup:
    """A bar for a table's row: (value, colour class) side by side, full width at `most`. The table has the numbers."""
    x, rects = 0.0, []
    for value, kind in parts:
        share = 100 * value / most if most > 0 else 0.0
        if share > 0:
            rects.append(f'<rect class="fill {escape(kind)}" x="{x:.2f}%" width="{share:.2f}%" height="100%"/>')
        x += share
    return Markup(f'<svg class="bar" aria-hidden="true" height="12">{"".join(rects)}</svg>')


def whisker(
    value: float,
    interval: Sequence[float] | None,
    low: float = 0.0,
    high: float = 1.0,
    kind: str = "one",
    rule: float | None = None,
) -> Markup:
    """A value and its interval on a line from `low` to `high`, for a table's row; `rule` is a value to compare with."""

    def at(v: float) -> str:
        return f"{2 + 96 * min(max((v - low) / ((high - low) or 1), 0), 1):.2f}%"

    parts = ['<line class="grid" x1="2%" x2="98%" y1="8" y2="8"/>']
    if rule is not None:
        parts.append(f'<line class="rule" x1="{at(rule)}" x2="{at(rule)}" y1="0" y2="16"/>')
    if interval is not None and svg.finite(*interval):
        parts.append(f'<line class="range {kind}" x1="{at(interval[0])}" x2="{at(interval[1])}" y1="8" y2="8"/>')
    if svg.finite(value):
        parts.append(f'<circle class="dot {kind}" cx="{at(value)}" cy="8" r="4"/>')
    return Markup(f'<svg class="whisker" aria-hidden="true" height="16">{"".join(parts)}</svg>')


def floor(value: float) -> float:
    """The round share at which an axis that ends at 100 % may begin so that `value` is on it."""
    return max(0.0, math.floor(value * 20) / 20)


def _padded(low: float, high: float) -> tuple[float, float]:
    room = (high - low or abs(high) or 1) * 0.08
    return (max(0.0, low - room) if low >= 0 else low - room), high + room


def _path(s: Series, frame: svg.Frame) -> str:
    pieces, pen = [], "M"
    for x, y in zip(s.x, s.y, strict=True):
        if svg.finite(x, y):
            inside = min(max(y, frame.y_range[0]), frame.y_range[1])
            pieces.append(f"{pen}{frame.x(x):.1f} {frame.y(inside):.1f}")
        pen = "L" if svg.finite(x, y) else "M"
    return "".join(pieces)


def _names(series: Sequence[Series], frame: svg.Frame, where: str) -> list[str]:
    named = [(s, s.points()) for s in series if s.name and s.points()]
    if where == "peak":
        tops = [(s, max(points, key=lambda point: point[1])) for s, points in named]
        return [svg.text(frame.x(x), frame.y(y) - 8, s.name, f"name {s.kind}", "middle") for s, (x, y) in tops]
    ends = sorted(((frame.y(points[-1][1]), frame.x(points[-1][0]), s) for s, points in named), key=lambda end: end[0])
    heights = _apart([y for y, _, _ in ends], 14, frame.top, frame.bottom)
    return [svg.text(x + 7, y + 4, s.name, f"name {s.kind}") for y, (_, x, s) in zip(heights, ends, strict=True)]


def _apart(heights: list[float], gap: float, top: float, bottom: float) -> list[float]:
    """Move ascending heights apart until none is nearer than `gap` to the next, within `top` and `bottom`."""
    moved = list(heights)
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    limit = bottom
    for i in reversed(range(len(moved))):
        moved[i] = max(top, min(moved[i], limit))
        limit = moved[i] - gap
    return moved
