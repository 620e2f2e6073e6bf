"""sightline datasets"""

from __future__ import annotations

import json as json_module

from sightline.cli.printing import Json, lines, print_json


def datasets(name: str | None = None, *, json: Json = False) -> None:
    """List the public datasets that are known by name, or tell all of one.

    Parameters
    ----------
    name
        A dataset. Default: list all.
    json
        One JSON object on stdout.
    """
    from dataclasses import asdict

    from sightline.data.reading import catalog

    chosen = [catalog.get(name)] if name else [catalog.get(each) for each in catalog.names()]
    if json:
        print_json({entry.name: json_module.loads(json_module.dumps(asdict(entry), default=str)) for entry in chosen})
        return
    for entry in chosen:
        lines(f"{entry.name}", *(f"  {line}" for line in catalog.describe(entry)))
