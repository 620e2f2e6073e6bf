import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.system import words


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.931, "93.1\u00a0%"),
        (1.0, "100.0\u00a0%"),
        (0.99996, "99.9\u00a0%"),
        (0.0, "0.0\u00a0%"),
        (0.0002, "0.1\u00a0%"),
    ],
)
def test_a_percentage_is_only_whole_when_it_is(share: float, said: str) -> None:
    assert words.percent(share) == said


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(nothing: float | None) -> None:
    assert words.percent(nothing) == words.number(nothing) == "–"
    assert words.span((0.1, nothing)) == words.span(None) == "–"  # type: ignore[arg-type]


def test_numbers_and_what_they_count() -> None:
    assert words.span((0.921, 0.9402)) == "92.1–94.0"
    assert words.many(1, "photo") == "1\u00a0photo"
    assert words.many(3000, "photo") == "3,000\u00a0photos"
    assert words.many(2, "class", "classes") == "2\u00a0classes"
    assert words.rounded(2_231_558) == "2.2\u00a0million"
    assert words.listing(["glacier", "mountain", "sea"]) == "glacier, mountain and sea"
    assert words.listing(["sea"]) == "sea" and words.listing([]) == ""


@pytest.mark.parametrize(("value", "said"), [(0.1789, "0.179"), (0.0307, "0.0307"), (12.34, "12.3"), (1234.5, "1,234")])
def test_a_number_has_three_digits_that_count(value: float, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.42, "0.4 s"), (41.6, "42 s"), (60, "1 min"), (372, "6 min 12 s"), (7500, "2 h 5 min")]
)
def test_a_stretch_of_time(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(("size", "said"), [(812, "812\u00a0B"), (14_200, "14\u00a0KB"), (3_240_000, "3.2\u00a0MB")])
def test_a_file_size(size: int, said: str) -> None:
    assert words.size(size) == said


def test_characters_that_would_disturb_a_line_are_spelled_out() -> None:
    assert words.shown("photo\u202egpj.exe") == "photo\\u202egpj.exe"
    assert words.shown("two\nlines") == "two\\nlines"
    assert words.shown("caf\udce9.jpg") == "caf\\udce9.jpg"  # a stray byte of a file name, as Python reads it
    assert words.shown("Straße 雪 🌊") == "Straße 雪 🌊"


def test_a_name_written_from_right_to_left_is_set_apart() -> None:
    assert words.name("הר") == "\u2068הר\u2069"
    assert words.name("sea") == "sea"


@given(st.text(st.characters(codec=None), max_size=300))
def test_what_is_quoted_is_short_and_on_one_line(text: str) -> None:
    assert len(words.quoted(text)) <= 10 * words.LONGEST + 2  # each letter is spelled out in ten at most
    assert len(words.quoted(text).splitlines()) == 1
    assert words.quoted("a" * 5000).endswith("a…'")


@given(st.text(st.characters(codec=None)))
def test_any_name_can_be_written_as_utf8_on_one_line(text: str) -> None:
    readable = words.shown(text)
    readable.encode("utf-8")
    assert len(readable.splitlines()) <= 1
