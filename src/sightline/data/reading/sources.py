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
from sightline.data.reading.layout import Unclear
from sightline.data.reading.locate import locate
from sightline.data.reading.manifest import STEMS, find_manifest, read_manifest
from sightline.data.reading.naming import is_table
from sightline.data.reading.place import Place
from sightline.data.reading.rows import open_table
from sightline.data.reading.walk import Listing, walk
from sightline.data.table import Dataset
from sightline.errors import SightlineError, UsageError
from sightline.system import marker

_LISTS = (".txt", ".json", ".gz", ".bz2", ".xz", ".zip", ".dat", ".feather", ".arrow", ".pkl", ".mat", ".db")


def open_dataset(data: str | Path, images: str | Path | None = None) -> Dataset:
    """Read a dataset's table. No photo is decoded and nothing is changed.

    Args:
        data: a folder with one sub-folder per class (alone or under train, val and test); a CSV, TSV, JSON lines or
            Parquet manifest; a zip or tar archive of either; a name from the catalogue; or hf:owner/name[@revision].
            What is there under this path goes before a name of the catalogue.
        images: the folder that the paths of a manifest are relative to, where that is not its own.

    Raises:
        UsageError: there are no images at `images`, or no manifest that would need them.
        SightlineError: there is nothing at `data`, or it is no dataset, or it cannot be fetched.
    """
    folder = Path(images).expanduser().resolve() if images is not None else None
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--images {images}: no such folder.")
    place = locate(data)
    try:
        dataset = _read(place, folder)
    except SightlineError as error:
        if place.known_as is None:
            raise
        raise type(error)(str(error).replace(str(place.path), str(place.known_as))) from error
    if place.problems or place.set_aside:
        dataset = dataset.leaving_out([], place.problems)
        dataset = dataset.replace(set_aside=(*dataset.set_aside, *place.set_aside))
    if place.catalogued:
        catalog.check(catalog.get(place.catalogued), dataset)
    return dataset


def _read(place: Place, images: Path | None) -> Dataset:
    if is_table(place.path.name) and place.path.is_file():
        return read_manifest(open_table(place.path), place.name, images)
    return open_folder(place.path, place.name, images)


def open_folder(root: Path, name: str, images: Path | None = None) -> Dataset:
    """Read a folder by its class folders, or by the manifest in it where there are none.

    Args:
        root: the folder.
        name: what the dataset is called.
        images: as for `open_dataset`.

    Raises:
        UsageError: `images` is given, but there is no manifest.
        SightlineError: neither can be read.
    """
    listing = walk(root)
    if listing.written not in ("", marker.SORTED):
        raise SightlineError(f"{root}: {listing.written} that Sightline wrote, no photos to learn from.")
    try:
        dataset, wrong = read_folder(listing, name), None
    except Unclear:
        raise
    except SightlineError as error:
        dataset, wrong = None, error
    if dataset is not None and len(dataset.classes) > 1 and images is None:
        return dataset
    # Photos in one heap (`images/`) with a table beside it.
    beside = find_manifest(_topmost(listing), _other_lists(root))
    passed_over = [(table, "not used", why, "passed over") for table, why in beside.unused]
    if beside.manifest:
        return read_manifest(beside.manifest, name, images).leaving_out([], passed_over)
    if images is not None:
        raise UsageError(f"--images {images}: goes with a table of photos and labels, and {root} holds none.")
    if dataset is None:
        assert wrong is not None
        if not beside.unused:
            raise wrong
        table, why = beside.unused[0]
        raise SightlineError(f"{str(wrong).splitlines()[0]}\nThe table beside them, {table}, was not used: {why}")
    return dataset.leaving_out([], passed_over)


def _other_lists(root: Path) -> list[Path]:
    """What lies in a folder under the name of a manifest, but is no table that is read."""
    return sorted(
        path for path in root.iterdir() if path.suffix.lower() in _LISTS and path.name.lower().split(".")[0] in STEMS
    )


def _topmost(listing: Listing) -> list[Path]:
    """The tables in the folder itself, or else in the folder below it that they lie in: archives often wrap it so."""
    depth = min((table.count("/") for table in listing.tables), default=0)
    return [listing.root / table for table in listing.tables if table.count("/") == depth]
