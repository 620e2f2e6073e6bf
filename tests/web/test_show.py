"""How figures are written."""

from __future__ import annotations

import pytest

from sightline.web import show


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(0.93121, 1, "93.1\N{NO-BREAK SPACE}%"), (1.0, 0, "100\N{NO-BREAK SPACE}%"), (None, 1, "–")],
)
def test_percent(share: float | None, digits: int, text: str) -> None:
    assert show.percent(share, digits) == text


@pytest.mark.parametrize(("share", "text"), [(0.0123, "+1.2"), (-0.125, "−12.5"), (None, "–")])
def test_points(share: float | None, text: str) -> None:
    assert show.points(share) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(2_230_277, "2.2\N{NO-BREAK SPACE}million"), (502_700, "502,700"), (12, "12"), (None, "–")],
)
def test_short(number: float | None, text: str) -> None:
    assert show.short(number) == text


@pytest.mark.parametrize(("share", "width"), [(0.5, "50.0%"), (-1.0, "0.0%"), (7.0, "100.0%")])
def test_a_bar_stays_in_its_track(share: float, width: str) -> None:
    assert f'width="{width}"' in show.bar(share)


def test_an_interval_lies_around_its_value() -> None:
    drawn = show.interval(0.9, 0.8, 0.95, 0.5)
    assert drawn.index('x1="59.6%"') < drawn.index('x2="88.4%"') < drawn.index('cx="78.8%"')
    assert show.interval(None, None, None) == ""
