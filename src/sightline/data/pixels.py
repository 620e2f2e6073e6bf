"""Decoded photos as squares of uint8 in one memory-mapped file, so that no epoch decodes a JPEG again.

A cache entry is a folder with two files: `pixels.npy` (N, S, S, 3), one row for each different file content, and
`records.parquet`, which says what each row is. Its name is a digest of the contents, the size and the decoder, so the
same photos under other names or labels find it again. It is built under a temporary name and renamed when it is
whole; of two processes that build the same one, the second to finish uses the first one's.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL

from sightline.config import Fit
from sightline.data.decoding.decode import VERSION
from sightline.data.decoding.deep import FULL, White
from sightline.errors import SightlineError
from sightline.system import cache
from sightline.system.thinning import evenly

_VERIFY_WHOLE = 2 << 30  # bytes of pixels that are checked in full at opening; of larger files a sample
_VERIFY_ROWS = 2048
_ABANDONED_SECONDS = 86_400


class Pixels:
    """Photos as squares: number i belongs to row i of the samples that it came with.

    Reads from the file as needed, so it may be larger than memory. It can be sent to another process: what travels
    is the file's name.
    """

    def __init__(
        self,
        stored: np.ndarray,
        rows: np.ndarray | None = None,
        fit: Fit = "crop",
        white: White | None = None,
    ) -> None:
        """
        Args:
            stored: (rows, S, S, 3) uint8, in memory or memory-mapped.
            rows: for each photo its row in `stored`; several photos may share one. All in order if not given.
            fit: how they were made square.
            white: of their 16-bit samples (see `deep`); None where there are none.
        """
        if stored.ndim != 4 or stored.dtype != np.uint8 or stored.shape[1] != stored.shape[2] or stored.shape[3] != 3:
            raise ValueError(f"expected uint8 (n, S, S, 3), got {stored.dtype} {stored.shape}")
        self.stored = stored
        self.rows = np.arange(len(stored)) if rows is None else np.asarray(rows, dtype=np.int64)
        self.fit, self.white = fit, white
        self._array: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Side of the squares in pixels."""
        return int(self.stored.shape[1])

    @property
    def own_white(self) -> list[int]:
        """What the names of caches need beside the photos' digests: the white of 16 bits where it is not the usual."""
        return [] if self.white in (None, FULL) else [int(self.white)]

    @property
    def nbytes(self) -> int:
        """Bytes that all photos take together."""
        return len(self) * self.size * self.size * 3

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def array(self) -> np.ndarray:
        """All photos as one (n, S, S, 3) array: the file itself, memory-mapped, where its rows lie in order.

        Where photos were left out or share a row it is a copy in memory, of `nbytes`, which is kept; `take` never
        needs more than it returns.
        """
        if self._array is None:
            first = int(self.rows[0]) if len(self) else 0
            in_order = np.array_equal(self.rows, np.arange(first, first + len(self)))
            self._array = self.stored[first : first + len(self)] if in_order else self.take(np.arange(len(self)))
        return self._array

    def take(self, indices: Any, out: np.ndarray | None = None) -> np.ndarray:
        """The photos at `indices`, (n, S, S, 3) uint8, in memory and writable. The file is read in its own order.

        Args:
            indices: numbers in any order, or a mask.
            out: an array of that shape to fill and return; large batches spend most of their time on fresh memory.
        """
        wanted = self.rows[np.asarray(indices, dtype=None if len(indices) else np.int64)]
        shape = (len(wanted), *self.stored.shape[1:])
        if out is None:
            out = np.empty(shape, dtype=np.uint8)
        elif out.shape != shape or out.dtype != np.uint8:
            raise ValueError(f"out must be uint8 {shape}, not {out.dtype} {out.shape}")
        stored = self.stored.view(np.ndarray)  # indexing a memmap costs several times as much
        for place in np.argsort(wanted, kind="stable").tolist():
            out[place] = stored[wanted[place]]
        return out

    def subset(self, indices: Any) -> Pixels:
        """The photos at `indices` (numbers, or a mask) as Pixels; nothing is copied."""
        rows = self.rows[np.asarray(indices, dtype=None if len(indices) else np.int64)]
        return Pixels(self.stored, rows, self.fit, self.white)

    def __reduce__(self) -> tuple[Any, ...]:
        stored = self.stored
        base: Any = stored.base
        if isinstance(stored, np.memmap) and isinstance(base, mmap.mmap):  # a slice has a memmap for its base
            return _reopened, (str(stored.filename), stored.offset, stored.shape, self.rows, self.fit, self.white)
        return Pixels, (np.asarray(stored), self.rows, self.fit, self.white)


def _reopened(
    name: str, offset: int, shape: tuple[int, ...], rows: np.ndarray, fit: Fit, white: White | None
) -> Pixels:
    return Pixels(np.memmap(name, np.uint8, "r", offset, shape), rows, fit, white)


def key(digests: Iterable[str], size: int, fit: Fit = "crop", white: int = FULL) -> str:
    """The name of the cache entry for files of these contents, whatever their order.

    Args:
        digests: of the files.
        size: side of the squares in pixels.
        fit: how the photos are made square.
        white: of their 16-bit samples.
    """
    import pillow_heif

    way = f"{fit}" if white == FULL else f"{fit} white {white}"
    parts = [f"{VERSION} {size} {way} {PIL.__version__} {pillow_heif.__version__}", *sorted(digests)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def opened(name: str, size: int) -> tuple[np.memmap, pd.DataFrame] | None:
    """A finished cache entry, verified: its pixel file and its records. None where there is none, or a damaged one.

    Up to 2 GB the pixels are checked in full against their checksums, of larger files 2,048 rows.
    """
    folder = cache.folder("pixels") / name
    try:
        records = pd.read_parquet(folder / "records.parquet")
        stored = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        whole = (
            isinstance(stored, np.memmap)
            and stored.dtype == np.uint8
            and stored.shape == (len(records), size, size, 3)
            and _verified(stored, records)
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, SyntaxError):
        return None  # not there, or damaged in one of the many ways of files; either way it is built again
    if not whole:
        return None
    cache.touch(folder)
    return stored, records


def _verified(stored: np.memmap, records: pd.DataFrame) -> bool:
    good = np.flatnonzero(records["problem"] == "")
    if stored.nbytes > _VERIFY_WHOLE:
        good = good[evenly(len(good), _VERIFY_ROWS)]
    sums = records["checksum"].to_numpy()
    plain = stored.view(np.ndarray)

    def right(part: np.ndarray) -> bool:
        return all(zlib.crc32(plain[row]) == sums[row] for row in part)

    with ThreadPoolExecutor(2) as threads:
        return all(threads.map(right, np.array_split(good, 16)))


@dataclass(frozen=True)
class Draft:
    """A cache entry in the making: the pixel file, as long as it will be, and where in it row 0 begins."""

    folder: Path
    file: Path
    offset: int


@contextmanager
def drafted(count: int, size: int) -> Iterator[Draft]:
    """Make room for `count` squares. Whatever was not `publish`ed by the end of the block is removed.

    Raises:
        SightlineError: the disk has no room for them, or the cache folder cannot be written.
    """
    folder = None
    try:
        with room_wanted(count * size * size * 3):
            _sweep(cache.folder("pixels"))
            folder = cache.folder("pixels") / f".{secrets.token_hex(8)}.tmp"
            folder.mkdir()
            file = folder / "pixels.npy"
            with open(file, "wb") as out:
                header = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
                np.lib.format.write_array_header_1_0(out, header)
                out.flush()
                offset = out.tell()
                _reserve(out.fileno(), offset + count * size * size * 3, folder)
        yield Draft(folder, file, offset)
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(kept: Path) -> None:
    """Remove drafts in which nothing was written for a day: whoever made them was killed."""
    for folder in kept.glob(".*.tmp"):
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        except OSError:
            continue  # just renamed or removed by its owner
        if time.time() - newest > _ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _reserve(descriptor: int, length: int, folder: Path) -> None:
    """Take the room on the disk now: later, a full disk would kill whoever writes to the mapped file."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, length)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
    if shutil.disk_usage(folder).free < length:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.truncate(descriptor, length)


@contextmanager
def room_wanted(size: int) -> Iterator[None]:
    """Turn the errors of a full or closed disk within this block into a SightlineError with the way out."""
    try:
        yield
    except OSError as error:
        where = cache.root()
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise SightlineError(
                f"{where}: no room for the decoded photos, which take {size / 1e9:.2f} GB.\n"
                "Free some space there, or set SIGHTLINE_CACHE to a folder on another disk."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise SightlineError(
                f"{where}: cannot be written ({error.strerror}). Set SIGHTLINE_CACHE to a folder that can."
            ) from error
        raise


def publish(draft: Draft, name: str, records: pd.DataFrame) -> tuple[np.memmap, pd.DataFrame]:
    """Give a filled draft its name, and open it. If another process was faster, its entry is opened instead.

    Raises:
        SightlineError: the disk is full.
    """
    target = draft.folder.with_name(name)
    size, length = int(np.load(draft.file, mmap_mode="r").shape[1]), draft.file.stat().st_size
    with room_wanted(length):
        if length > _VERIFY_WHOLE:  # a smaller one that a power cut damages is found out by its checksums
            with open(draft.file, "r+b") as out:
                os.fsync(out.fileno())
        records.to_parquet(draft.folder / "records.parquet", index=False)
        for _ in range(3):
            try:
                draft.folder.rename(target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES, errno.EPERM):
                    raise
            found = opened(name, size)
            if found is not None:
                return found
            if draft.folder.exists():  # what stands under the name is damaged: out of the way with it
                rubbish = target.with_name(f".{secrets.token_hex(8)}.tmp")
                target.rename(rubbish)
                shutil.rmtree(rubbish, ignore_errors=True)
    raise SightlineError(f"{target}: the decoded photos were damaged as soon as they were written. Check that disk.")
