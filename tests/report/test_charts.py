import math
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.report import charts
from sightline.report.charts import Series
from sightline.runs.documents.trust import Bin


def tree(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)  # noqa: S314 - our own drawing


def parts(drawn: str, tag: str) -> list[ElementTree.Element]:
    return list(tree(drawn).iter(tag))


def classes(drawn: str) -> list[str]:
    return [element.get("class", "") for element in tree(drawn).iter()]


def test_lines_are_named_beside_them_and_names_do_not_touch() -> None:
    drawn = charts.lines(
        [Series("training", [1, 2, 3], [0.5, 0.7, 0.900]), Series("validation", [1, 2, 3], [0.5, 0.7, 0.901])],
        label="Accuracy",
    )
    names = {text.text: float(text.get("y", 0)) for text in parts(drawn, "text") if "name" in text.get("class", "")}
    assert set(names) == {"training", "validation"}
    assert abs(names["training"] - names["validation"]) >= 13


def test_a_line_breaks_where_a_value_is_missing() -> None:
    drawn = charts.lines([Series("val", [1, 2, 3, 4], [0.1, math.nan, 0.3, 0.4])], label="x")
    (path,) = parts(drawn, "path")
    assert path.get("d", "").count("M") == 2


def test_nothing_to_draw_draws_nothing() -> None:
    assert charts.lines([Series("val", [1, 2], [math.nan, math.nan])], label="x") == ""
    assert charts.scatter([], [], label="x") == ""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=30))
def test_every_point_lies_inside_the_drawing(points: list[tuple[float, float]]) -> None:
    x, y = zip(*sorted(points), strict=True)
    drawn = charts.lines([Series("s", x, y)], label="any")
    (path,) = parts(drawn, "path")
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d", path.get("d", ""))]
    height = float(tree(drawn).get("viewBox", "").split()[3])
    assert all(0 <= n <= 400 for n in numbers[::2])
    assert all(0 <= n <= height for n in numbers[1::2])


def test_marks_and_a_logarithmic_axis() -> None:
    drawn = charts.lines([Series("", [1e-4, 1e-2], [1, 2])], label="x", log_x=True, marks=[(1e-3, "here")])
    (mark,) = [line for line in parts(drawn, "line") if line.get("class") == "mark"]
    (path,) = parts(drawn, "path")
    first, last = (float(x) for x in re.findall(r"[ML]([\d.]+) ", path.get("d", "")))
    assert float(mark.get("x1", 0)) == pytest.approx((first + last) / 2, abs=0.2)


def test_reliability_shows_each_bin_with_its_interval_before_and_after() -> None:
    bins = [Bin(start=0.4, to=0.6, confidence=0.5, accuracy=0.4, low=0.3, high=0.5, n=20)]
    before = [Bin(start=0.4, to=0.6, confidence=0.6, accuracy=0.4, low=0.3, high=0.5, n=20)]
    kinds = classes(charts.reliability(bins, label="x", before=before))
    assert kinds.count("dot one") == kinds.count("ring two") == kinds.count("range one") == 1
    assert "fill quiet" in kinds


def test_photo_sizes_are_circles_with_odd_ones_marked() -> None:
    drawn = charts.scatter([150] * 9 + [80], [150] * 9 + [100], label="x", odd=[False] * 9 + [True])
    radius = {circle.get("class"): float(circle.get("r", 0)) for circle in parts(drawn, "circle")}
    assert set(radius) == {"bubble one", "bubble bad"}
    assert radius["bubble one"] > radius["bubble bad"]


def test_sizes_from_stamps_to_posters_use_a_logarithmic_scale() -> None:
    labels = [t.text for t in parts(charts.scatter([20, 8000], [20, 8000], label="x"), "text")]
    assert "100" in labels and "1,000" in labels


def test_panels_show_a_few_mistakes_beside_many_right_answers() -> None:
    drawn = charts.panels([0, 0.5, 1], [("right", [0, 5000], "one"), ("wrong", [2, 1], "bad")], label="x")
    tall = [float(r.get("height", 0)) for r in parts(drawn, "rect") if r.get("class") == "fill bad"]
    assert len(tall) == 2 and min(tall) > 10


def test_a_bar_is_as_wide_as_its_share() -> None:
    one, two = parts(charts.bar([(30, "one"), (10, "two")], 80), "rect")
    assert (one.get("width"), two.get("x"), two.get("width")) == ("37.50%", "37.50%", "12.50%")
    assert parts(charts.bar([(0, "one")], 0), "rect") == []


def test_a_whisker_stays_on_its_line() -> None:
    drawn = charts.whisker(0.5, (0.2, 1.4), 0.4, 1.0, rule=0.9)
    at = [float(v[:-1]) for v in re.findall(r'(?:x1|x2|cx)="([\d.]+%)"', drawn)]
    assert min(at) >= 2 and max(at) <= 98
    assert charts.whisker(math.nan, None).count("<circle") == 0


@pytest.mark.parametrize("n", [1, 7])
def test_many_names_spread_within_the_drawing(n: int) -> None:
    moved = charts._apart([100.0] * n, 14, 10, 110)
    assert len(moved) == n and max(moved) <= 110
    assert all(b - a >= 13.9 for a, b in pairwise(moved))
    assert np.all(np.array(moved) >= 10)


def test_both_axes_of_the_sizes_are_named() -> None:
    drawn = charts.scatter([100, 200], [80, 300], label="sizes")
    assert ">width, pixels<" in drawn and ">height, pixels<" in drawn
