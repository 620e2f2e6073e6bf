"""What notebooks show: whole, and with every text escaped."""

from __future__ import annotations

import numpy as np

from sightline.system import html


def test_texts_are_escaped_wherever_they_stand() -> None:
    odd = "<script>alert('a')</script>"
    photo = np.zeros((8, 8, 3), np.uint8)
    shown = html.lines(odd, odd) + html.table([odd], [[odd]]) + html.pictures([(photo, f'" onerror="{odd}')])
    assert "<script" not in shown
    assert ' onerror="' not in shown
    assert shown.count("&lt;script&gt;") >= 5


def test_a_thumbnail_is_in_the_page() -> None:
    assert "data:image/jpeg;base64,/9j/" in html.pictures([(np.zeros((8, 8, 3), np.uint8), "sea")])
    assert html.pictures([]) == ""


def test_no_line_ends_within_an_interval() -> None:
    shown = html.unbroken("Found <b> (92.3–95.4), of 9–10 – or so.")
    whole = '<span class="nowrap">{}</span>'
    assert shown == f"Found &lt;b&gt; {whole.format('(92.3–95.4),')} of {whole.format('9–10')} – or so."
