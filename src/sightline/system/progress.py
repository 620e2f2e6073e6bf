"""What a person sees while they wait: a live bar on a terminal, a plain line every few seconds elsewhere.

Everything goes to stderr, so that stdout stays free for results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sightline.system.folding import fold


class _Console(Console):
    """Where nobody listens any more, as behind a pipe that was closed, nothing is said; the work goes on."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


console = _Console(stderr=True, highlight=False, soft_wrap=True)

SECONDS_BETWEEN_LINES = 5.0


def note(text: str) -> None:
    """Print one plain line, folded between words on a terminal."""
    try:
        console.print(fold(text, console.width) if console.is_terminal else text, markup=False)
    except OSError:  # the disk under a log is full, or the terminal is gone
        console.quiet = True


@contextmanager
def track(label: str, total: int | None, unit: str = "photos") -> Iterator[Callable[..., None]]:
    """Show how far `label` is. Yields `advance(n=1)`, to be called as `unit`s are done.

    Work that ends within two seconds leaves no line behind when the output is not a terminal.
    """
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(label, total=total)
            yield lambda n=1: progress.advance(task, n)
        return

    started = shown = time.monotonic()
    done = 0

    def advance(n: int = 1) -> None:
        nonlocal done, shown
        done += n
        now = time.monotonic()
        if now - shown >= SECONDS_BETWEEN_LINES or (done == total and now - started > 2):
            shown = now
            of = f" of {total:,}" if total is not None else ""
            note(f"{label}: {done:,}{of} {unit}, {done / (now - started):,.0f} a second")

    yield advance
