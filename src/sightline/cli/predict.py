"""sightline predict"""

from __future__ import annotations

import json as json_module
from pathlib import Path

from sightline.cli.printing import Json, print_json, verbatim
from sightline.errors import SightlineError


def predict(run: Path, *paths: str, out: Path | None = None, device: str = "auto", json: Json = False) -> None:
    """Classify photos; a file that cannot be read is a row with `error` and stops nothing.

    Parameters
    ----------
    run
        A run, or a model folder.
    paths
        Photos, folders of photos, patterns in quotes such as 'photos/*.jpg', or - for a list on standard input.
    out
        Write the table here, .csv or .parquet. Default: to stdout, as CSV.
    device
        auto, cpu, cuda, mps.
    json
        One JSON object on stdout, with the rows under "predictions".
    """
    from sightline.tasks.predict import predict as classify

    table = classify(run, paths, out=out, device=device)
    if json:
        rows = json_module.loads(table.to_json(orient="records"))
        print_json({"predictions": rows, "failed": int((table["error"] != "").sum())})
    elif out is None:
        from sightline.system.spreadsheet import to_csv

        verbatim(to_csv(table))
    if (table["error"] != "").all():
        raise SightlineError(f"None of the photos could be read. The first: {table['path'][0]}: {table['error'][0]}.")
