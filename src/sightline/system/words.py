"""Numbers and lists as a person writes them: "93.1 %", "3,000 photos", "glacier, mountain and sea"."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence

NO_BREAK = "\u00a0"
LONGEST = 80  # letters of a text that is quoted
_UNSEEN = ("Cc", "Cf", "Zl", "Zp", "Co", "Cn")


def shown(text: object) -> str:
    """A name as it can be shown: line breaks, control and direction-changing characters, stray bytes spelled out.

    A photo may be called "photo\\u202egpj.exe" or hold a line break; neither may rearrange the line around it.
    """
    readable = str(text).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _UNSEEN else character
        for character in readable
    )


def quoted(text: object) -> str:
    """A text from a table or a folder inside an error: in quotes, escaped, and cut where it is long.

    A cell may hold a million letters; a person reads one line.
    """
    whole = str(text)
    return repr(whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…")


def name(text: object) -> str:
    """A name inside a sentence: as `shown`, and set apart where it is written from right to left."""
    readable = shown(text)
    turned = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in readable)
    return f"\u2068{readable}\u2069" if turned else readable


def percent(share: float | None, digits: int = 1, unit: str = NO_BREAK + "%") -> str:
    """A share in 0-1 as a percentage, "–" for none. 99.97 % does not become 100 %, nor 0.03 % become 0."""
    if share is None or not math.isfinite(share):
        return "–"
    value = round(100 * share, digits)
    step = 10.0**-digits
    if value >= 100 and share < 1:
        value = 100 - step
    if value <= 0 and share > 0:
        value = step
    return f"{value:.{digits}f}{unit}"


def span(interval: Sequence[float] | None, digits: int = 1) -> str:
    """An interval of shares as "92.1–94.0", without the sign; "–" where there is none."""
    if interval is None or any(bound is None or not math.isfinite(bound) for bound in interval):
        return "–"
    low, high = interval
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}"


def points(share: float | None, digits: int = 1) -> str:
    """A difference of shares in points, with its sign: "+1.2", "−0.4", "0.0"; "–" for none."""
    if share is None or not math.isfinite(share):
        return "–"
    text = f"{100 * share:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def p_value(p: float) -> str:
    """How likely chance alone is, as every page and table writes it: "p = 0.012", "p < 0.001"."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def about(number: float) -> str:
    """A whole number to its first two digits: 1,234 is "1,200"; below a hundred as it is."""
    step = 10 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return count(math.ceil(number / step) * step)


def count(number: float) -> str:
    """A whole number with thousands set apart: "14,034"."""
    return f"{int(number):,}"


def many(number: float, one: str, more: str | None = None) -> str:
    """A number and what it counts: "1 photo", "3,000 photos"."""
    return f"{count(number)}{NO_BREAK}{one if int(number) == 1 else more or one + 's'}"


def number(value: float | None, digits: int = 3) -> str:
    """A plain number to `digits` significant digits, never in powers of ten where it can be avoided; "–" for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits - 1}e}" if places > 6 else f"{value:,.{places}f}"


def rounded(number: float) -> str:
    """A large number in words: "2.2 million"."""
    for unit, factor in (("billion", 1e9), ("million", 1e6)):
        if number >= factor:
            return f"{number / factor:.1f}{NO_BREAK}{unit}"
    return count(number)


def listing(names: Iterable[str], conjunction: str = "and") -> str:
    """Names in a sentence: "glacier, mountain and sea"."""
    return listing_of((name(each) for each in names), conjunction)


def listing_of(phrases: Iterable[str], conjunction: str = "and") -> str:
    """As `listing`, of phrases that are ready to be shown."""
    ready = list(phrases)
    if len(ready) < 2:
        return "".join(ready)
    return f"{', '.join(ready[:-1])} {conjunction} {ready[-1]}"


def duration(seconds: float) -> str:
    """A stretch of time in the two largest units that matter: "42 s", "6 min 12 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def size(bytes_: float) -> str:
    """A file size: "812 B", "14 KB", "3.2 MB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if bytes_ >= factor:
            value = bytes_ / factor
            return f"{value:.1f}{NO_BREAK}{unit}" if value < 10 else f"{value:.0f}{NO_BREAK}{unit}"
    return f"{int(bytes_)}{NO_BREAK}B"
