"""Writing that cannot leave half a file: to a temporary name in the same folder, flushed, then renamed."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.errors import NO_ROOM, Interrupted, SightlineError, UsageError
from sightline.system import regular
from sightline.system.marker import MARKER

if TYPE_CHECKING:
    import pandas as pd


class NoRoom(Interrupted):
    """A file could not be written for want of room. `path` is the file, `reason` says what ran out."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}. Free some space, then run the command again.")
        self.path = path
        self.reason = reason


_CLOSED = (
    *(errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.ENOENT, errno.ENAMETOOLONG),
    *(errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ELOOP),
)
_TEMPORARY = re.compile(r"\.[0-9a-f]{12}\.tmp(\..{0,16})?")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well it is flushed to disk and takes `path`'s place.

    If the block fails, the temporary file is removed and `path` is as it was.

    Raises:
        NoRoom: the disk is full.
        SightlineError: the folder cannot be written.
    """
    path = Path(path)
    # The name is short whatever the target's: a name of 255 bytes leaves no room for a suffix.
    temporary = path.with_name(f".{secrets.token_hex(6)}.tmp{path.suffix[:16]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode & 0o777  # as the umask has it
        yield temporary
        with open(temporary, "rb+") as file:
            # Some libraries make files for their owner alone (safetensors: 0600); who else may read it is the umask's
            # to say, as of every other file: a server that runs as another user must read the weights too.
            with suppress(OSError, AttributeError):  # a disk, or a system, that knows no modes
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except SightlineError:
        raise
    except Exception as error:  # libraries that write files raise errors of their own where the disk is full
        if (known := refusal(error, path)) is not None:
            raise known from error
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def refusal(error: BaseException, path: Path) -> SightlineError | None:
    """What an error that came up while `path` was written means for a person; None where the disk has no part in it."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (told := re.search(r"\((?:os error|errno) (\d+)\)", str(error))):  # as safetensors says it
        number = int(told.group(1))
    if number is None and not isinstance(error, OSError) and _is_full(path.parent):
        number = errno.ENOSPC  # torch's writers say only that writing failed
    if number in NO_ROOM:
        return NoRoom(path, NO_ROOM[number])
    if number in _CLOSED:
        return SightlineError(f"{path}: cannot be written ({os.strerror(number)}). Choose another folder.")
    return None


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False


def require_writable(path: str | Path, *, folder: bool = False) -> None:
    """Refuse a file or folder that could not be written, before any work is done for it.

    Args:
        path: the file or folder.
        folder: whether it is to be a folder, so that a file of that name stands in the way.

    Raises:
        SightlineError: the disk or the folder is closed to this user, or something else stands in the way.
    """
    try:
        whole = place = Path(path).absolute()  # fails where the current folder is gone
        while not _is_there(place):
            place = place.parent
        if not place.is_dir():
            if place != whole or folder:
                raise NotADirectoryError(errno.ENOTDIR, f"{place} is a file")
            place = place.parent
        if not os.access(place, os.W_OK | os.X_OK):
            closed = os.statvfs(place).f_flag & os.ST_RDONLY
            raise (
                OSError(errno.EROFS, "the disk is read-only")
                if closed
                else OSError(errno.EACCES, f"you may not write in {place}")
            )
        _try(place)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or error
        raise SightlineError(f"{path}: cannot be written ({why}). Choose another place with --out.") from error


def _try(folder: Path) -> None:
    """Make a file and take it away: disks of the kernel's own, and some on the network, let nobody in but say nothing.

    Raises:
        OSError: that cannot be done for another reason than want of room, which may still be made.
    """
    tried = folder / f".{secrets.token_hex(6)}.tmp"
    try:
        os.close(os.open(tried, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        tried.unlink()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise


def require_free(folder: str | Path) -> None:
    """Refuse a folder for results that holds something already, or that could not be written.

    Raises:
        UsageError: it is not empty, or is no folder.
        SightlineError: see `require_writable`.
    """
    folder = Path(folder)
    try:
        taken = folder.exists() and (not folder.is_dir() or any(entry.name != MARKER for entry in folder.iterdir()))
    except OSError:
        taken = False  # what is wrong with it is said next
    if taken:
        raise UsageError(f"--out {folder}: is not empty. Choose another folder.")
    require_writable(folder, folder=True)


def _is_there(place: Path) -> bool:
    try:
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def is_temporary(name: str) -> bool:
    """Whether a file of this name is what a process left that was killed while writing."""
    return _TEMPORARY.fullmatch(name) is not None


def sweep(folder: Path) -> None:
    """Remove the temporary files that a process left in `folder` and below when it was killed while writing."""
    for place, _, names in os.walk(folder):
        for name in names:
            if is_temporary(name):
                with suppress(OSError):
                    (Path(place) / name).unlink()


def open_to_append(path: Path) -> int:
    """A descriptor of a file, made where there is none, that every write adds to; to be closed by the caller.

    Neither through a link, which may lead out of a folder that was handed over, nor into a pipe, which may wait for
    ever: a line of a log would end up in a person's own files.

    Raises:
        OSError: it is a link or no regular file, or cannot be written.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # no system has all three
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return descriptor


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
    """Write `table` to `path`: Parquet where the name ends in .parquet, else CSV that a spreadsheet may open."""
    with replacing(path) as temporary:
        if Path(path).suffix.lower() == ".parquet":
            table.to_parquet(temporary, index=False)
        else:
            from sightline.system.spreadsheet import to_csv  # with pandas, which most writers do not need

            to_csv(table, temporary)


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        SightlineError: it is no file, or may not be read.
    """
    try:
        return regular.digest(path)[0]
    except regular.Unreadable as error:
        raise SightlineError(f"{path}: cannot be read: {error.detail}.") from error
