"""DATA, whatever it is -> dataset: a folder, a manifest, an archive, a name of the catalogue or a hub set."""

from __future__ import annotations

from pathlib import Path

from sightline.data import naming
from sightline.data.folder import read_folder
from sightline.data.manifest import find_manifest, is_manifest, read_manifest
from sightline.data.table import Dataset
from sightline.errors import SightlineError


def open_dataset(data: str | Path) -> Dataset:
    """Read a dataset's table. No photo is decoded and nothing is changed.

    Raises:
        SightlineError: there is nothing at `data`, or it is no dataset.
    """
    path = Path(data).expanduser().absolute()
    if path.is_dir():
        return open_folder(path.resolve())
    if path.is_file():
        return _open_file(path)
    raise SightlineError(f"{data}: no such file or folder.")


def open_folder(root: Path, name: str = "") -> Dataset:
    """Read a folder by its class folders, or by the manifest in it where there are none.

    Raises:
        SightlineError: neither can be read.
    """
    name = name or root.name or "data"
    try:
        dataset, wrong = read_folder(root, name), None
    except SightlineError as error:
        dataset, wrong = None, error
    if dataset is not None and len(dataset.classes) > 1:
        return dataset
    # Photos in one heap (`images/`) with a table beside it.
    if manifest := find_manifest(_beneath_wrappers(root)):
        return read_manifest(manifest, name)
    if dataset is None:
        assert wrong is not None
        raise wrong
    return dataset


def _beneath_wrappers(root: Path) -> Path:
    """The folder itself, or the one that it holds and nothing else, as archives often do."""
    while True:
        seen = [entry for entry in root.iterdir() if not naming.is_clutter(entry.name)]
        if len(seen) != 1 or seen[0].is_symlink() or not seen[0].is_dir():
            return root
        root = seen[0]


def _open_file(path: Path) -> Dataset:
    if is_manifest(path):
        return read_manifest(path, path.stem)
    if naming.is_image(path.name):
        raise SightlineError(f"{path}: is one photo. Give a folder with one sub-folder of photos per class.")
    raise SightlineError(f"{path}: neither a folder, a manifest (CSV, TSV, JSON lines, Parquet) nor an archive.")
