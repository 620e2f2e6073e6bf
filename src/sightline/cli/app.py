"""The application object, and how commands print: results to stdout, everything else to stderr."""

from __future__ import annotations

import json as json_module
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from sightline.version import __version__

app = App(
    name="sightline",
    help="A folder of labelled photos in; an image classifier you can trust out.",
    help_epilogue="`sightline COMMAND --help` tells all of a command. Try first: `sightline demo`.",
    help_format="markdown",
    version=__version__,
)

Json = Annotated[bool, Parameter(name="--json", negative=())]
"""One JSON object on stdout."""


class _Pipe(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # `main` knows that a reader who has enough is no error; rich would exit with 1


def stdout() -> Console:
    """For tables."""
    return _Pipe(highlight=False, soft_wrap=True)


def lines(*texts: str) -> None:
    """Print result lines."""
    for text in texts:
        print(text)


def say(text: str) -> None:
    """Print what is not a result."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text)


def print_json(value: Any) -> None:
    """Print one JSON object. NaN and infinity are no JSON: refused."""
    print(json_module.dumps(value, ensure_ascii=False, allow_nan=False))


def show_run(run: Any, as_json: bool) -> None:
    """Where a run is and how good it is."""
    found = run.evaluation
    if as_json:
        print_json({"run": str(run.path), "report": str(run.report), **found.to_dict()})
        return
    lines(f"Test accuracy {found.headline}")
    say(f"Report: [bold]{run.report}[/]   Model: {run.folder.model}")
