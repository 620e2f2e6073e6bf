"""Texts as HTML, in which every one is escaped: sentences of pages, and what notebooks show of our objects."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


_INTERVAL = re.compile(r"\S*\d–\d\S*")


def unbroken(text: object) -> str:
    """A sentence for a page, in which no line ends within an interval such as "(92.3–95.4)".

    A browser may break a line after any dash; on a terminal `folding.fold` does not.
    """
    return _INTERVAL.sub(r'<span class="nowrap">\g<0></span>', html.escape(str(text)))


def lines(*texts: str) -> str:
    """One paragraph a text, the first in bold; empty ones are left out."""
    said = [html.escape(text) for text in texts if text]
    return "".join(f"<div>{f'<b>{text}</b>' if number == 0 else text}</div>" for number, text in enumerate(said))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; the first column holds names, the others figures."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def pictures(photos: Iterable[tuple[np.ndarray, str]]) -> str:
    """Thumbnails side by side.

    Args:
        photos: of each, (h, w, 3) uint8 pixels and what stands under it.
    """
    from PIL import Image

    shown = []
    for pixels, caption in photos:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
        source = base64.b64encode(buffer.getvalue()).decode()
        text = html.escape(caption)
        shown.append(
            f'<figure style="display:inline-block;margin:4px"><img alt="{text}" src="data:image/jpeg;base64,{source}">'
            f"<figcaption>{text}</figcaption></figure>"
        )
    return f"<div>{''.join(shown)}</div>" if shown else ""
