"""Where a dataset lies on this disk, once it has been fetched and unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.data.table import Problem


@dataclass(frozen=True)
class Place:
    """A folder of photos, or a table that names them."""

    path: Path
    name: str
    """What the dataset is called."""
    known_as: Path | None = None
    """What the person gave, where `path` is a folder of the cache that they have never seen."""
    catalogued: str = ""
    """The set of the catalogue that this is a copy of."""
    problems: Sequence[Problem] = ()
    """What was passed over on the way here."""
    set_aside: Sequence[str] = ()
    """What carries no label."""
