import base64
import hashlib
import re

import jinja2
import pytest

from sightline.report import page


def render(**context: object) -> str:
    return page.render("base.html", title=context.pop("title", "A page"), sections=[], **context)  # type: ignore[arg-type]


def test_the_policy_lets_in_this_style_and_nothing_else() -> None:
    text = render()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert policy and style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1].replace("&#39;", "'").split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_a_page_has_no_script_and_no_style_attribute() -> None:
    text = render()
    assert "<script" not in text and "style=" not in text and "onclick" not in text


def test_a_title_is_escaped() -> None:
    assert "<title>a&lt;/title&gt;&lt;b&gt;</title>" in render(title="a</title><b>")


def test_a_name_that_the_page_lacks_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(jinja2.UndefinedError):
        page.render("explore.html", title="x", sections=[])


def test_both_colour_schemes_define_the_same_colours() -> None:
    style = page.style_of("colours", "style", "charts")
    light, dark = (re.findall(r"(--[\w-]+):", part) for part in re.findall(r":root \{(.*?)\}", style, re.DOTALL))
    assert {name for name in light if name not in ("--serif", "--sans", "--mono")} == set(dark)


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("colour", ["--ink", "--soft", "--one", "--bad", "--warm"])
def test_text_colours_are_legible_on_paper_and_card(scheme: int, colour: str) -> None:
    style = page.style_of("colours", "style", "charts")
    values = dict(re.findall(r"(--[\w-]+): (#\w{6});", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]))
    for behind in ("--paper", "--card"):
        assert contrast(values[colour], values[behind]) >= 4.5, f"{colour} on {behind}"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
