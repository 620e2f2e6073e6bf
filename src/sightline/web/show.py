"""How figures are written on the pages: template filters, and bars that need no inline style."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sightline.system import html, words

register = template.Library()


points = register.filter("points", words.points)
register.filter("span", words.span)
register.filter("number", words.number)
register.filter("p_value", words.p_value)


@register.filter
def unbroken(text: str) -> SafeString:
    """A sentence, escaped, in which no line ends within an interval."""
    return SafeString(html.unbroken(text))


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """0.9312 -> 93.1 %, never broken over two lines; a dash where there is none."""
    return words.percent(share, digits)


@register.filter
def interval_of(low: float | None, high: float | None) -> str:
    """0.919 and 0.951 -> 91.9–95.1."""
    return "–" if low is None or high is None else words.span((low, high))


@register.filter
def grouped(number: float | None) -> str:
    """21450 -> 21,450."""
    return "–" if number is None else words.count(number)


@register.filter
def duration(seconds: float | None) -> str:
    """668 -> 11 min 8 s."""
    return "–" if seconds is None else words.duration(seconds)


@register.filter
def short(number: float | None) -> str:
    """2230277 -> 2.2 million."""
    return "–" if number is None else words.rounded(number)


@register.filter
def decimals(number: float | None, digits: int = 3) -> str:
    """A score that is no share: 0.91234 -> 0.912."""
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
        '<line class="grid" x1="2%" x2="98%" y1="50%" y2="50%"/>'
        '<line class="range one" x1="{}%" x2="{}%" y1="50%" y2="50%"/>'
        '<circle class="dot one" cx="{}%" cy="50%" r="3.5"/></svg>',
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
