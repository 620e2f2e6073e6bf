"""A run and photos -> a table of answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sightline.data.reading.named import photos_named
from sightline.errors import UsageError
from sightline.predictor import Predictor
from sightline.system.files import require_writable, write_table
from sightline.system.progress import note

if TYPE_CHECKING:
    from sightline.scale.job import Parts


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


def predict_on_ray(
    run: str | Path,
    source: str | Path,
    *,
    out: str | Path,
    device: str = "auto",
    address: str | None = None,
    workers: int | None = None,
    part_rows: int | None = None,
) -> Parts:
    """Classify any number of photos on Ray, into a folder of Parquet files. Killed and called again, it goes on.

    Args:
        run: a run, or a model folder.
        source: a folder, a manifest, Parquet files with the bytes of photos or WebDataset shards, on this disk or at an
            address such as s3://bucket/photos.
        out: a folder or an address, new or of the same job.
        device: auto, cpu, cuda.
        address: of a Ray cluster; None: Ray is started on this machine.
        workers: how many predictors; None: one a GPU, or one for each core or two.
        part_rows: photos in one file; None: 1,000.

    Returns:
        The parts with their rows, as parts.json has them.

    Raises:
        UsageError: there is no model or no such source, `out` is taken, or Ray is not installed.
        SightlineError: a store or the cluster cannot be reached, `out` holds another job, or a file has vanished.
    """
    from sightline.scale.score import PART_ROWS, score

    rows = PART_ROWS if part_rows is None else part_rows
    return score(run, source, out, device=device, address=address, workers=workers, part_rows=rows)
