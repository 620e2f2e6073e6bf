"""DATA, whatever it is -> dataset: a folder, a manifest, an archive, a name of the catalogue or a hub set."""

from __future__ import annotations

import errno
import stat
from difflib import get_close_matches
from pathlib import Path

from sightline.data.reading import archive, catalog, embedded, hub, naming
from sightline.data.reading.folder import read_folder
from sightline.data.reading.manifest import find_manifest, is_manifest, read_manifest
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
    if str(data).startswith("hf:"):
        return _open_hub(str(data))
    path = Path(data).expanduser().absolute()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if str(data) in catalog.names():
            return _open_named(str(data))
        raise _nothing_there(data, error) from error
    if stat.S_ISDIR(mode):
        return open_folder(path.resolve())
    if stat.S_ISREG(mode):
        return _open_file(path)
    raise SightlineError(f"{data}: a device, pipe or socket, not a folder of photos.")


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
        if embedded.holds_images(path):
            return embedded.read_embedded([(path, "")], path.stem)
        return read_manifest(path, path.stem)
    if naming.is_image(path.name):
        raise SightlineError(f"{path}: is one photo. Give a folder with one sub-folder of photos per class.")
    try:
        if archive.is_archive(path):
            return _open_archive(path)
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror}).") from error
    raise SightlineError(f"{path}: neither a folder, a manifest (CSV, TSV, JSON lines, Parquet) nor a zip or tar.")


def _open_archive(path: Path) -> Dataset:
    unpacked = archive.unpack(path)
    try:
        dataset = open_folder(unpacked.root, archive.plain_name(path))
    except SightlineError as error:
        # The person knows the archive, not the folder in the cache.
        raise SightlineError(str(error).replace(str(unpacked.root), str(path))) from error
    return dataset.leaving_out([], unpacked.problems) if unpacked.problems else dataset


def _open_named(name: str) -> Dataset:
    dataset = open_folder(catalog.fetch(name), name)
    catalog.check(catalog.get(name), dataset)
    return dataset


def _open_hub(data: str) -> Dataset:
    found = hub.fetch(data)
    if found.tables:
        return embedded.read_embedded(found.tables, found.name)
    if found.archive is not None:
        return _open_archive(found.archive).replace(name=found.name)
    return open_folder(found.root, found.name)


def _nothing_there(data: str | Path, error: Exception) -> SightlineError:
    if getattr(error, "errno", errno.ENOENT) not in (errno.ENOENT, errno.ENOTDIR):
        return SightlineError(f"{data}: cannot be read ({getattr(error, 'strerror', error)}).")
    close = get_close_matches(str(data), catalog.names(), n=1)
    if close:
        return SightlineError(f"{data}: no such file or folder. The dataset of the catalogue is called {close[0]}.")
    return SightlineError(
        f"{data}: no such file or folder.\n"
        f"Give a folder, a manifest, an archive, hf:owner/name, or one of {', '.join(catalog.names())}."
    )
