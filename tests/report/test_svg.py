import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.report import svg


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_within(low: float, wide: float) -> None:
    high = low + wide
    at = svg.ticks(low, high)
    assert len(at) <= 11
    slack = 1e-6 * max(abs(low), abs(high), wide)
    assert all(low - slack <= t <= high + slack for t in at)
    assert at == sorted(at)


def test_ticks_of_a_usual_range() -> None:
    assert svg.ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert svg.ticks(3, 3) == [3]


def test_decades() -> None:
    assert svg.decades(1, 10) == [1, 2, 5, 10]
    assert svg.decades(1e-6, 1) == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_a_logarithmic_scale_puts_the_geometric_mean_in_the_middle() -> None:
    frame = svg.Frame((1, 100), (0, 1), 0, 200, 0, 100, log_x=True)
    assert frame.x(10) == pytest.approx(100)
    assert frame.y(0.25) == pytest.approx(75)


def test_tick_labels() -> None:
    assert (svg.plain(1200), svg.plain(0.05)) == ("1,200", "0.05")
    assert svg.per_cent(0.125) == "12.5\u00a0%"
    assert svg.power(1e-4) == "10⁻⁴"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_words_in_a_drawing_stay_words(words: str) -> None:
    drawn = svg.drawing([svg.text(0, 0, words, "tick"), svg.dot(1, 1, 1, "dot one", words)], 10, words)
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own drawing
    assert root.get("aria-label") == words.replace("\t", " ")
    assert (root[0].text or "") == words
