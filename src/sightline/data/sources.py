"""DATA, whatever it is -> dataset: a folder, a manifest, an archive, a name of the catalogue or a hub set."""

from __future__ import annotations

from pathlib import Path

from sightline.data import folder
from sightline.data.table import Dataset
from sightline.errors import SightlineError


def open_dataset(data: str | Path) -> Dataset:
    """Read a dataset's table. No photo is decoded and nothing is changed.

    Raises:
        SightlineError: there is nothing at `data`, or it is no dataset.
    """
    path = Path(data).expanduser().resolve()
    if path.is_dir():
        return folder.read_folder(path, path.name or "data")
    raise SightlineError(f"{data}: no such file or folder.")
