"""A small file in every folder that Sightline writes, so that nothing in it is ever taken for data.

The default place of a run is `runs/` in the current folder, which may well be the folder of photos; pictures that
explain answers would be trained on the next time.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sightline.system import regular

MARKER = ".sightline"
_MOST_BYTES = 1 << 16
SORTED = "sorted photos"
"""What a folder is called into which photos were sorted: the one kind that may be given as DATA by its name."""

# Folders that were written before there was a marker, or lost it, by what lies in them.
_KNOWN = {
    "a run": {"config.yaml", "dataset.json"},
    "a model": {"sightline.json", "config.json"},
    "what the site keeps": {"site.sqlite3", "uploads"},
}


def mark(folder: Path, what: str) -> None:
    """Say in a folder that Sightline wrote it: `what` it is, in words, such as "a run".

    A folder in which something else lies already is somebody's own, and is not marked.

    Raises:
        SightlineError: it cannot be written.
    """
    from sightline.system.files import write_text  # brings pandas along, which a cache alone has no need of

    if not folder.is_dir() or not any(folder.iterdir()):
        write_text(folder / MARKER, f"{what}\nWritten by Sightline. Photos in here are never taken for data.\n")


def kind(folder: Path, names: Collection[str]) -> str:
    """What Sightline wrote in a folder, in words; "" where it did not write it.

    Args:
        folder: the folder.
        names: what lies in it.
    """
    if MARKER in names:
        try:
            text = regular.read(folder / MARKER, _MOST_BYTES).decode("utf-8", "replace")
        except regular.Unreadable:
            return "a folder"
        return text.partition("\n")[0][:80].strip() or "a folder"
    return next((what for what, files in _KNOWN.items() if files <= {*names}), "")
