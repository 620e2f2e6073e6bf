"""sightline compare"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sightline.cli.app import Json, app, print_json


@app.command
def compare(*runs: Path, json: Json = False) -> None:
    """Is one run better than another? Paired on the same test photos, with intervals, class by class, and the cost.

    Parameters
    ----------
    runs
        Two or more complete runs. All are held against the first.
    json
        One JSON object on stdout.
    """
    from sightline.judging import compare as comparing
    from sightline.runs.folder import RunFolder

    found = comparing.compare([RunFolder.open(run) for run in runs])
    if json:
        print_json(found.to_dict())
    else:
        Console(highlight=False).print(comparing.render(found))
