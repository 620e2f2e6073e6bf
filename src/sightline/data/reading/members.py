"""What is in an archive, one plain file after the other, in a form that cannot do harm.

Zip and tar (plain or compressed by gzip, bzip2, xz or zstd) are read as streams. Names are made safe before anybody
sees them; links and devices are no files and are passed over with a word; sizes are what is really read, not what a
header says. Tar files are read through a window that moves only forward and gives out little at a time, so that no
header can ask for memory or send the reader round in circles.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sightline.data.reading.limits import Budget, Damaged, Refused, blocks
from sightline.data.reading.tars import is_old_tar, tar_members
from sightline.data.reading.zips import zip_members
from sightline.data.table import Problem

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


def archive_kind(path: Path) -> str:
    """ "zip", "tar", or a compression that may hold a tar ("gzip", "bzip2", "xz", "zstd"); "" for anything else."""
    with open(path, "rb") as file:
        head = file.read(512)
    for start, kind in _MAGIC.items():
        if head.startswith(start):
            return kind
    if head[257:262] == b"ustar" or (len(head) == 512 and is_old_tar(head)):
        return "tar"
    return "zip" if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and zipfile.is_zipfile(path) else ""


def members(path: Path, budget: Budget, problems: list[Problem]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Go through an archive's plain files.

    Args:
        path: the archive.
        budget: what may be read; it is spent as it is read.
        problems: gains a row for each member that is passed over.

    Yields:
        The path of each file inside the archive, relative and safe to join to a folder, and its bytes in blocks, which
        must be taken before the next file.

    Raises:
        Refused: it wants to write outside its folder, is locked, or breaks the budget.
        Damaged: it cannot be read to the end.
    """
    kind = archive_kind(path)
    with reading():
        if kind == "zip":
            yield from _guarded(zip_members(path, budget, problems))
        else:
            with _decompressed(path, kind) as stream:
                yield from _guarded(tar_members(stream, kind, budget, problems))
                for _ in blocks(stream, budget):  # to its end, where the checksum of what was compressed stands
                    pass


def _guarded(files: Iterator[tuple[str, Iterator[bytes]]]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The same files; their blocks are taken by the caller, and so are read outside of `members` itself."""
    for name, content in files:
        yield name, _guarded_blocks(content)


def _guarded_blocks(content: Iterator[bytes]) -> Iterator[bytes]:
    with reading():
        yield from content


@contextmanager
def _decompressed(path: Path, kind: str) -> Iterator[IO[bytes]]:
    openers: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    if kind == "zstd":
        import pyarrow as pa

        with pa.input_stream(str(path), compression="zstd") as stream:
            yield stream
    else:
        with openers.get(kind, open)(path, "rb") as stream:
            yield stream


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the libraries raise on broken input into one word. What the reader of the files raises is not ours.

    Raises:
        Damaged: in place of what they raise.
    """
    try:
        yield
    except (Refused, Damaged):
        raise
    except EOFError as error:
        raise Damaged("it ends in the middle") from error
    except (zlib.error, lzma.LZMAError) as error:
        raise Damaged("its compressed data is broken") from error
    except (tarfile.TarError, zipfile.BadZipFile, struct.error) as error:  # whose words quote a header of any length
        raise Damaged("a header, or a file's checksum, is broken") from error
    except OSError as error:
        raise Damaged(error.strerror or "its compressed data is broken") from error
    except (ValueError, OverflowError, RuntimeError) as error:
        raise Damaged("a header is broken") from error
