"""Text for a terminal of some width: folded between words, never within one, a figure or an interval."""

from __future__ import annotations

import re
import textwrap


def fold(text: str, width: int) -> str:
    """Lines of at most `width` columns; what follows a fold is indented by two more than its line.

    A path or an address that is longer than the terminal stays in one piece, to be copied. No-break spaces, hyphens
    and the dash of an interval are no place to fold at. After "#" a comment stays one, so that folded YAML is the same.

    Args:
        text: one line or several.
        width: columns.
    """
    folded: list[str] = []
    for line in text.split("\n"):
        begun = re.match("#? *", line)
        indent = (begun[0] if begun else "") + "  "
        folded += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(folded)
