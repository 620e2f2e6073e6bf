"""How figures are written on the pages: template filters, and bars that need no inline style."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """0.9312 -> 93.1 %, never broken over two lines; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


@register.filter
def points(share: float | None) -> str:
    """0.0123 -> +1.2."""
    return "–" if share is None else f"{100 * share:+.1f}".replace("-", "−")


@register.filter
def grouped(number: float | None, digits: int = 0) -> str:
    """21450 -> 21,450."""
    return "–" if number is None else f"{number:,.{digits}f}"


@register.filter
def short(number: float | None) -> str:
    """2230277 -> 2.2 M."""
    if number is None:
        return "–"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}\N{NO-BREAK SPACE}{unit}"
    return f"{number:,.0f}"


@register.filter
def decimals(number: float | None, digits: int = 3) -> str:
    """0.91234 -> 0.912."""
    return "–" if number is None else f"{number:.{digits}f}"


@register.filter
def index(mapping: dict[str, Any], key: str) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(key, "")


@register.simple_tag
def bar(share: float, kind: str = "one") -> SafeString:
    """A bar of 0 to 1; its figure stands beside it in text, so it is silent for screen readers."""
    return format_html(
        '<svg class="bar" aria-hidden="true" focusable="false"><rect class="track" width="100%" height="100%" rx="3"/>'
        '<rect class="fill {}" width="{}%" height="100%" rx="3"/></svg>',
        kind,
        round(100 * max(0.0, min(1.0, share)), 2),
    )


@register.simple_tag
def interval(value: float | None, low: float | None, high: float | None, floor: float = 0.0) -> SafeString:
    """A value and its interval on a line from `floor` to 1."""
    if value is None or low is None or high is None:
        return SafeString("")
    floor = min(floor, low)
    span = (1 - floor) or 1.0

    def at(v: float) -> float:
        return round(2 + 96 * (v - floor) / span, 2)

    return format_html(
        '<svg class="whisker" aria-hidden="true" focusable="false">'
        '<line class="rule" x1="2%" x2="98%" y1="50%" y2="50%"/>'
        '<line class="range" x1="{}%" x2="{}%" y1="50%" y2="50%"/>'
        '<circle class="dot" cx="{}%" cy="50%" r="3.5"/></svg>',
        at(low),
        at(high),
        at(value),
    )


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The page's address with some of its query changed; None takes a part out."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else "?"
