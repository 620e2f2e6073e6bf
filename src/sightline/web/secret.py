"""The secret key of a site on this machine: drawn once, kept in the site's folder, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def local_secret(state: Path) -> str:
    """The key in `state`; made at the first call. Processes that start at once agree on one key."""
    path = state / "secret-key"
    if not path.exists():
        draft = state / f".secret-key-{secrets.token_hex(6)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(60))
        with suppress(FileExistsError):
            os.link(draft, path)  # whole at once, and the first one stays
        draft.unlink()
    return path.read_text(encoding="ascii")
