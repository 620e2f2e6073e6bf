"""DATA, whatever it is -> dataset: it is located, listed, and read by its class folders or by a manifest.

The one way from what a person names to a table of samples; nothing on it is read twice, and no step calls back:

    locate   DATA -> a folder or a table on this disk (`catalog`, `hub`, `archive`, `embedded`)
    walk     a folder -> what is in it
    rows     a table -> its cells
    folder   a listing -> dataset
    manifest a table's cells -> dataset
"""

from __future__ import annotations

from pathlib import Path

from sightline.data.reading import catalog
from sightline.data.reading.folder import read_folder
from sightline.data.reading.locate import locate
from sightline.data.reading.manifest import find_manifest, read_manifest
from sightline.data.reading.naming import is_table
from sightline.data.reading.place import Place
from sightline.data.reading.rows import open_table
from sightline.data.reading.walk import Listing, walk
from sightline.data.table import Dataset
from sightline.errors import SightlineError


def open_dataset(data: str | Path) -> Dataset:
    """Read a dataset's table. No photo is decoded and nothing is changed.

    Args:
        data: a folder with one sub-folder per class (alone or under train, val and test); a CSV, TSV, JSON lines or
            Parquet manifest; a zip or tar archive of either; a name from the catalogue; or hf:owner/name[@revision].
            What is there under this path goes before a name of the catalogue.

    Raises:
        SightlineError: there is nothing at `data`, or it is no dataset, or it cannot be fetched.
    """
    place = locate(data)
    try:
        dataset = _read(place)
    except SightlineError as error:
        if place.known_as is None:
            raise
        raise SightlineError(str(error).replace(str(place.path), str(place.known_as))) from error
    if place.problems or place.set_aside:
        dataset = dataset.leaving_out([], place.problems)
        dataset = dataset.replace(set_aside=(*dataset.set_aside, *place.set_aside))
    if place.catalogued:
        catalog.check(catalog.get(place.catalogued), dataset)
    return dataset


def _read(place: Place) -> Dataset:
    if is_table(place.path.name) and place.path.is_file():
        return read_manifest(open_table(place.path), place.name)
    return open_folder(place.path, place.name)


def open_folder(root: Path, name: str) -> Dataset:
    """Read a folder by its class folders, or by the manifest in it where there are none.

    Raises:
        SightlineError: neither can be read.
    """
    listing = walk(root)
    try:
        dataset, wrong = read_folder(listing, name), None
    except SightlineError as error:
        dataset, wrong = None, error
    if dataset is not None and len(dataset.classes) > 1:
        return dataset
    # Photos in one heap (`images/`) with a table beside it.
    if manifest := find_manifest(_topmost(listing)):
        return read_manifest(manifest, name)
    if dataset is None:
        assert wrong is not None
        raise wrong
    return dataset


def _topmost(listing: Listing) -> list[Path]:
    """The tables in the folder itself, or else in the folder below it that they lie in: archives often wrap it so."""
    depth = min((table.count("/") for table in listing.tables), default=0)
    return [listing.root / table for table in listing.tables if table.count("/") == depth]
