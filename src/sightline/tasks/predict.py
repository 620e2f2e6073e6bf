"""A run and photos -> a table of answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sightline.data.reading.named import photos_named
from sightline.errors import UsageError
from sightline.predictor import Predictor
from sightline.system.files import require_writable, write_table
from sightline.system.progress import note


def predict(
    run: str | Path, paths: Sequence[str | Path] | str | Path, *, out: str | Path | None = None, device: str = "auto"
) -> pd.DataFrame:
    """Classify photos; a file that cannot be read is a row with `error` and stops nothing.

    Args:
        run: a run, or a model folder.
        paths: photos, folders of photos, patterns such as "photos/*.jpg", and "-" for a list on standard input.
        out: write the table here too, .csv or .parquet.
        device: auto, cpu, cuda, mps.

    Returns:
        One row a photo, in order: path, predicted, confidence, p_<class>…, set, familiar, decision, error.

    Raises:
        UsageError: no path is given, one is an address or a pattern that fits nothing, there is no model at `run`, or
            `out` has another ending.
        SightlineError: there are no photos, the model is damaged, or `out` cannot be written.
    """
    named = [paths] if isinstance(paths, str | Path) else list(paths)
    if not named:
        raise UsageError("No PATH given: name photos, or folders of photos.")
    place = Path(out) if out is not None else None
    if place is not None and place.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"--out {place}: the name must end in .csv or .parquet.")
    if place is not None:
        require_writable(place)
    files = photos_named(named)
    table = Predictor.load(run, device, photos=len(files)).predict(files)
    failed = int((table["error"] != "").sum())
    if failed:
        note(f"{failed:,} of {len(table):,} files could not be read; their rows say why.")
    if place is not None:
        write_table(place, table)
        note(f"{len(table):,} rows in {place}")
    return table
