"""The site's own folder: database, photos of visitors, secret key. Nobody else on the machine may look into it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sightline.errors import SightlineError, UsageError
from sightline.system.marker import MARKER, mark

_OURS = {MARKER, "secret-key", "site.sqlite3", "uploads", "static", "cache"}


def private_folder(path: Path) -> Path:
    """Make the folder, for its owner alone (mode 0700); one that the site made earlier is closed likewise.

    Args:
        path: where; its parents are made too.

    Raises:
        UsageError: it holds other things and others can read it: closing it would take them from those others.
        SightlineError: it cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            there = {entry.name for entry in path.iterdir()}
            if there and not there & _OURS:
                raise UsageError(
                    f"{path}: others on this machine can read this folder, and it holds other things. "
                    "Choose a new folder with --state."
                )
            path.chmod(0o700)
        mark(path, "what the site keeps")  # copies of visitors' photos among it, which are no data
    except OSError as error:
        raise SightlineError(f"{path}: cannot be written ({error.strerror}). Choose a folder with --state.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise SightlineError(f"{path}: cannot be written (no permission). Choose a folder with --state.")
    return path
