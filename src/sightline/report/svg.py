"""The pen behind `charts`: scales, axes, round tick values, and the SVG elements they are drawn with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from sightline.system import words as written

WIDTH = 400
"""Every chart is this many units wide: a phone's width, so that its text keeps its size there."""

Tick = Callable[[float], str]


@dataclass(frozen=True)
class Frame:
    """The plotting area and its two scales: data in, SVG units out."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    left: float
    right: float
    top: float
    bottom: float
    log_x: bool = False
    log_y: bool = False

    def x(self, value: float) -> float:
        """Where `value` lies across."""
        return self.left + _share(value, *self.x_range, self.log_x) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Where `value` lies, downwards from the top."""
        return self.bottom - _share(value, *self.y_range, self.log_y) * (self.bottom - self.top)


def plain(value: float) -> str:
    """A tick label without needless digits: 0.05, 10, 1,200."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"


def per_cent(value: float) -> str:
    """A tick label for a share: 12.5 %."""
    return f"{100 * value:.4g}{written.NO_BREAK}%"


def power(value: float) -> str:
    """A tick label on a logarithmic axis: 10⁻⁴."""
    exponent = round(math.log10(value))
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between `low` and `high`: multiples of 1, 2, 2.5 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / max(about, 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic axis: 1, 2 and 5 times powers of ten where there is room, else the powers."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [t for t in (factor * 10.0**e for e in exponents for factor in (1, 2, 5)) if low <= t <= high]
    return fine if len(fine) <= 7 else [t for t in fine if math.isclose(math.log10(t), round(math.log10(t)))]


def finite(*values: float | None) -> bool:
    """Whether every value is there and a number."""
    return all(value is not None and math.isfinite(value) for value in values)


def axes(
    frame: Frame,
    x_at: Sequence[float],
    y_at: Sequence[float],
    x_format: Tick = plain,
    y_format: Tick = plain,
    x_label: str = "",
) -> list[str]:
    """Grid lines and labels at `y_at`, the base line, labels at `x_at` and the name of the x axis below them."""
    parts = []
    for v in y_at:
        parts.append(line(frame.left, frame.y(v), frame.right, frame.y(v), "grid"))
        parts.append(text(frame.left - 7, frame.y(v) + 4, y_format(v), "tick", "end"))
    parts.append(line(frame.left, frame.bottom, frame.right, frame.bottom, "axis"))
    parts += [text(frame.x(v), frame.bottom + 16, x_format(v), "tick", "middle") for v in x_at]
    if x_label:
        parts.append(text((frame.left + frame.right) / 2, frame.bottom + 33, x_label, "tick", "middle"))
    return parts


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of the colour class `kind`."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Words whose base line is at y."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def dot(x: float, y: float, radius: float, kind: str, tip: str) -> str:
    """A circle; `tip` shows where a pointer rests on it."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{escape(tip)}</title></circle>'


def column(x: float, wide: float, top: float, foot: float, kind: str, tip: str) -> str:
    """An upright bar, never so short that it vanishes."""
    wide, tall = max(wide, 0.8), max(foot - top, 0.8)
    return (
        f'<rect class="fill {kind}" x="{x:.1f}" y="{foot - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}">'
        f"<title>{escape(tip)}</title></rect>"
    )


def drawing(parts: Sequence[str], height: float, label: str) -> Markup:
    """The finished chart; `label` is its message for those who cannot see it."""
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")


def _share(value: float, low: float, high: float, log: bool) -> float:
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / ((high - low) or 1)
