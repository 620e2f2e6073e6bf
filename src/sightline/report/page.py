"""One design for every page that Sightline writes, and the wrapper that makes such a page self-contained and inert.

A page is one HTML file: style inside, photos as data: addresses, charts as SVG, no script at all. Its content policy
lets nothing else in, so a file name or a class name that someone made up to do harm stays text.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sightline.system import html, words
from sightline.version import __version__

Shown = dict[str, Any]
"""What a template is given: names that only it knows, for any values that it can show."""

THEME = Path(__file__).parent / "theme"


def render(template: str, *, title: str, **context: Any) -> str:
    """Fill one of the templates in `theme/` and return the page.

    Args:
        template: file name in `theme/`; it extends `base.html`.
        title: plain text of the window's title.
        context: what the template names. Everything is escaped on its way in, except Markup that `charts` made.

    Raises:
        jinja2.UndefinedError: the template names something that the context lacks.
    """
    style = style_of("colours", "style", "compare", "matrix", "charts")
    # The policy names the hash of the one style sheet: no other style, script, picture or address is let in.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return _environment().get_template(template).render(title=title, style=Markup(style), policy=policy, **context)


def picture(chart: Markup) -> str:
    """A chart of `charts` as an SVG file of its own, in the page's colours."""
    head, rest = str(chart).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1).split(">", 1)
    style = style_of("colours", "charts") + "svg { background: var(--paper); }\n"
    return f"{head}><style>\n{style}</style>{rest}\n"


@cache
def style_of(*sheets: str) -> str:
    """The style sheets of these names, in a row."""
    return "\n".join((THEME / f"{sheet}.css").read_text(encoding="utf-8") for sheet in sheets)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(THEME),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=words.shown,
        unbroken=lambda text: Markup(html.unbroken(text)),
        duration=words.duration,
        size=words.size,
        percent=words.percent,
        count=words.count,
        many=words.many,
        listing=words.listing,
        number=words.number,
        span=words.span,
        points=words.points,
        p_value=words.p_value,
        rounded=words.rounded,
    )
    environment.globals.update(version=__version__, zip=zip)
    return environment
