"""How every command prints: results on stdout, as lines, as a table or as one JSON object.

All else, such as progress, warnings and what to do next, goes to stderr by `sightline.system.progress.note`.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sightline.system.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Json = Annotated[bool, Parameter(name="--json", negative=())]
"""One JSON object on stdout."""

_ENDLESS = 10_000  # columns: a pipe has no edge at which a row would have to be folded


def lines(*texts: str) -> None:
    """Print result lines: on a terminal folded between words, not in the middle of one; whole in a pipe.

    A path or an address that is longer than the terminal stays in one piece, to be copied.
    """
    from rich.console import Console

    console = Console()
    for text in texts:
        if not console.is_terminal:
            print(text)
            continue
        print(fold(text, console.width))


def verbatim(text: str) -> None:
    """Print a document as it stands, such as CSV or YAML."""
    sys.stdout.write(text)


def on_terminal() -> bool:
    """Whether a person reads along; else a pipe or a file takes what is printed."""
    from rich.console import Console

    return Console().is_terminal


def print_json(value: Any) -> None:
    """Print one JSON object. NaN and infinity are no JSON: refused."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # escaped, it is the same JSON in any encoding
        text = json.dumps(value, allow_nan=False)
    print(text)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, names: int = 1, title: str = "", header: bool = True
) -> None:
    """Print a table whose cells stay whole: on a narrow terminal names are folded, in a pipe nothing is.

    Args:
        columns: the heads.
        rows: of texts, one for each column; shown as they stand, whatever brackets they hold.
        names: how many of the first columns hold words, which may be folded; the others hold figures, set to the right.
        title: a line above.
        header: whether to print the heads.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold", show_header=header, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        if number < names:
            drawn.add_column(column, overflow="fold")
        else:
            drawn.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    if title:
        print(title)
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(drawn)
        return
    console = Console(highlight=False, file=io.StringIO(), width=_ENDLESS)
    with console.capture() as plain:
        console.print(drawn)
    lines(*(line.rstrip() for line in plain.get().splitlines()))
