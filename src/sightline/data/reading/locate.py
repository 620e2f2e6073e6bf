"""DATA, whatever it is -> a folder or a table on this disk: fetched, unpacked, written out where that is needed."""

from __future__ import annotations

import errno
import re
import stat
from difflib import get_close_matches
from pathlib import Path

from sightline.data.reading import archive, catalog, embedded, hub, naming
from sightline.data.reading.place import Place
from sightline.errors import SightlineError, UsageError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".opdownload", ".aria2")  # what browsers call them


def locate(data: str | Path) -> Place:
    """Find a dataset, and bring it to this disk if it is not there.

    Args:
        data: as `sources.open_dataset` takes it.

    Raises:
        UsageError: `data` is empty.
        SightlineError: there is nothing at `data`, or nothing that can be a dataset, or it cannot be fetched.
    """
    if isinstance(data, str) and not data.strip():
        raise UsageError("An empty name was given for DATA.")
    if str(data).startswith("hf:"):
        return _on_the_hub(str(data))
    path = Path(data).expanduser().absolute()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if str(data) in catalog.names():
            return Place(catalog.fetch(str(data)), str(data), catalogued=str(data))
        raise _nothing_there(data, error) from error
    if stat.S_ISDIR(mode):
        return Place(path.resolve(), path.resolve().name or "data")
    if stat.S_ISREG(mode):
        return _file(path)
    raise SightlineError(f"{data}: a device, pipe or socket, not a folder of photos.")


def _file(path: Path) -> Place:
    if naming.is_table(path.name):
        return embedded.write_out([(path, "")], path.stem) if embedded.holds_images(path) else Place(path, path.stem)
    if path.suffix.lower() in _UNFINISHED:
        raise SightlineError(f"{path}: a download that was not finished. Fetch it again, to its end.")
    if naming.is_image(path.name):
        raise SightlineError(f"{path}: is one photo. Give a folder with one sub-folder of photos per class.")
    try:
        if archive.is_archive(path):
            return _archive(path, archive.plain_name(path))
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror}).") from error
    raise SightlineError(f"{path}: neither a folder, a manifest (CSV, TSV, JSON lines, Parquet) nor a zip or tar.")


def _archive(path: Path, name: str) -> Place:
    unpacked = archive.unpack(path)
    return Place(unpacked.root, name, known_as=path, problems=unpacked.problems)


def _on_the_hub(data: str) -> Place:
    found = hub.fetch(data)
    if found.tables:
        return embedded.write_out(found.tables, found.name)
    if found.archive is not None:
        return _archive(found.archive, found.name)
    return Place(found.root, found.name)


def _nothing_there(data: str | Path, error: Exception) -> SightlineError:
    if getattr(error, "errno", errno.ENOENT) not in (errno.ENOENT, errno.ENOTDIR):
        return SightlineError(f"{data}: cannot be read ({getattr(error, 'strerror', error)}).")
    if _ADDRESS.match(str(data)):
        return SightlineError(f"{data}: is an address. Download it first, and give the file or folder.")
    close = get_close_matches(str(data), catalog.names(), n=1)
    if close:
        return SightlineError(f"{data}: no such file or folder. The dataset of the catalogue is called {close[0]}.")
    return SightlineError(
        f"{data}: no such file or folder.\n"
        f"Give a folder, a manifest, an archive, hf:owner/name, or one of {', '.join(catalog.names())}."
    )
