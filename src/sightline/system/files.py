"""Writing that cannot leave half a file: to a temporary name in the same folder, flushed, then renamed."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from sightline.errors import SightlineError
from sightline.system import regular


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well it is flushed to disk and takes `path`'s place.

    If the block fails, the temporary file is removed and `path` is as it was.

    Raises:
        SightlineError: the disk is full or the folder cannot be written.
    """
    path = Path(path)
    # The name is short whatever the target's: a name of 255 bytes leaves no room for a suffix.
    temporary = path.with_name(f".{secrets.token_hex(6)}.tmp{path.suffix[:16]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb+") as file:
            # Some libraries make files for their owner alone (safetensors: 0600); who else may read it is the umask's
            # to say, as of every other file: a server that runs as another user must read the weights too.
            with suppress(OSError, AttributeError):  # a disk, or a system, that knows no modes
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SightlineError(f"{path}: the disk is full. Free some space, then run the command again.") from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise SightlineError(f"{path}: cannot be written ({error.strerror}). Choose another folder.") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """This process's umask. Linux tells it; elsewhere it can only be set, and is set back at once."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable. Not every platform can open a folder; there the rename is atomic all the same."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all; a name that is not valid Unicode is written escaped."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` to `path` as readable JSON, whole or not at all. NaN and infinity are no JSON: refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write `table` to `path`: Parquet where the name ends in .parquet, CSV otherwise."""
    with replacing(path) as temporary:
        if Path(path).suffix.lower() == ".parquet":
            table.to_parquet(temporary, index=False)
        else:
            table.to_csv(temporary, index=False, lineterminator="\n", errors="backslashreplace")


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        SightlineError: it is no file, or may not be read.
    """
    try:
        return regular.digest(path)[0]
    except regular.Unreadable as error:
        raise SightlineError(f"{path}: cannot be read: {error.detail}.") from error
