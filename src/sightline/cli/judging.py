"""sightline evaluate · predict"""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path

from rich.table import Table

from sightline.cli.app import Json, app, lines, print_json, stdout
from sightline.errors import UsageError


@app.command
def evaluate(run: Path, data: str | None = None, *, device: str = "auto", json: Json = False) -> None:
    """Judge a run on its own test part, or on every labelled photo of DATA.

    Parameters
    ----------
    run
        A run that is complete.
    data
        A labelled dataset, in any form that `train` takes. Default: the run's own test part; the ledger counts it.
    device
        auto, cpu, cuda, mps.
    json
        Exactly the keys of evaluation.json on stdout.
    """
    from sightline import api

    found = api.evaluate(run, data, device=device)
    if json:
        print_json(found.to_dict())
        return
    table = Table("class", "precision", "recall", "F1", "photos", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in found.per_class.items():
        cells = (f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))
        table.add_row(name, *cells, f"{row['support']:,.0f}")
    lines(
        f"Accuracy {found.headline}",
        f"macro F1 {found.macro_f1:.3f} · log loss {found.log_loss:.3f} · ECE {found.ece:.3f}",
    )
    stdout().print(table)


@app.command
def predict(run: Path, *paths: Path, out: Path | None = None, device: str = "auto", json: Json = False) -> None:
    """Classify photos; a file that cannot be read is a row with `error` and stops nothing.

    Parameters
    ----------
    run
        A run, or a model folder.
    paths
        Photos, or folders of photos.
    out
        Write the table here, .csv or .parquet. Default: to stdout, as CSV.
    device
        auto, cpu, cuda, mps.
    json
        One JSON object on stdout, with the rows under "predictions".
    """
    from sightline.data.walk import photos_in
    from sightline.files import write_table
    from sightline.predict import Predictor
    from sightline.progress import note

    if not paths:
        raise UsageError("No PATH given: name photos, or folders of photos.")
    if out is not None and out.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"--out {out}: the name must end in .csv or .parquet.")
    files = photos_in(paths)
    table = Predictor.load(run, device, photos=len(files)).predict(files)
    failed = int((table["error"] != "").sum())
    if failed:
        note(f"{failed:,} of {len(table):,} files could not be read; their rows say why.")
    if out is not None:
        write_table(out, table)
        note(f"{len(table):,} rows in {out}")
    if json:
        rows = json_module.loads(table.to_json(orient="records"))
        print_json({"predictions": rows, "failed": failed})
    elif out is None:
        sys.stdout.write(table.to_csv(index=False, lineterminator="\n"))
