"""What is in an archive, one plain file after the other, in a form that cannot do harm.

Zip and tar (plain or compressed by gzip, bzip2, xz or zstd) are read as streams. Names are made safe before anybody
sees them; links and devices are no files and are passed over with a word; sizes are what is really read, not what a
header says. Tar files are read through a window that moves only forward and gives out little at a time, so that no
header can ask for memory or send the reader round in circles.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sightline.data.reading.naming import is_clutter
from sightline.data.table import Problem, printable

_BLOCK = 1 << 20
_HEADER = 1 << 20  # more than any honest header of a tar member takes
_LONGEST_PART, _LONGEST_PATH = 255, 2048  # bytes
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


class Refused(Exception):
    """The archive as a whole is not unpacked; the text says why in words that follow "it"."""


class Damaged(Exception):
    """The archive cannot be read to its end."""


class _Unusable(Exception):
    """One member is passed over; the text says why."""


@dataclass
class Budget:
    """How much may still be read out of an archive."""

    members: int
    """Files, folders and all else."""
    bytes: int
    """Bytes after decompression."""

    def spend(self, count: int = 0, members: int = 0) -> None:
        """Count what was read.

        Raises:
            Refused: there is more in the archive than photos can be.
        """
        self.bytes -= count
        self.members -= members
        if self.bytes < 0:
            raise Refused("unpacks to far more than an archive of photos does, as a decompression bomb would")
        if self.members < 0:
            raise Refused("holds too many files")


def archive_kind(path: Path) -> str:
    """ "zip", "tar", or a compression that may hold a tar ("gzip", "bzip2", "xz", "zstd"); "" for anything else."""
    with open(path, "rb") as file:
        head = file.read(512)
    for start, kind in _MAGIC.items():
        if head.startswith(start):
            return kind
    if head[257:262] == b"ustar" or (len(head) == 512 and _old_tar(head)):
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
    with _reading():
        if kind == "zip":
            yield from _zip(path, budget, problems)
        else:
            with _decompressed(path, kind) as stream:
                yield from _tar(stream, kind, budget, problems)
                for _ in _blocks(stream, budget):  # to its end, where the checksum of what was compressed stands
                    pass


def safe_path(name: str) -> str:
    """A member's name as a relative path with forward slashes; "" for clutter, which is passed over in silence.

    Raises:
        Refused: the name leads out of the folder into which the archive is unpacked.
        _Unusable: no disk can hold the name.
    """
    plain = name.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    drive = re.match(r"[A-Za-z]:(/|$)", plain) or (os.name == "nt" and ":" in plain)
    if "\0" in plain or plain.startswith("/") or drive or ".." in parts:
        raise Refused(f"names a file outside its own folder: {printable(name)[:200]!r}")
    if any(is_clutter(part) for part in parts):
        return ""
    if printable(plain) != plain:
        raise _Unusable("its name is not valid Unicode")
    if any(len(part.encode()) > _LONGEST_PART for part in parts) or len(plain.encode()) > _LONGEST_PATH:
        raise _Unusable("its name is too long")
    return "/".join(parts)


def _pass_over(name: str, why: str, problems: list[Problem]) -> None:
    problems.append((printable(name)[:_LONGEST_PATH], "unreadable", f"in the archive: {why}", "left out"))


def _zip(path: Path, budget: Budget, problems: list[Problem]) -> Iterator[tuple[str, Iterator[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            budget.spend(members=1)
            name = _zip_name(info)
            mode = info.external_attr >> 16
            try:
                plain = safe_path(name)
                if not plain or info.is_dir() or name.endswith("\\"):
                    continue
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise _Unusable("a link or device, not a file")
            except _Unusable as error:
                _pass_over(name, str(error), problems)
                continue
            if info.flag_bits & 0x1:
                raise Refused("is locked with a password")
            try:
                opened = archive.open(info)
            except NotImplementedError as error:
                raise Refused("is compressed in a way that is not read here") from error
            with opened:
                yield plain, _guarded(_blocks(opened, budget))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: some programs write UTF-8 without saying so, which then reads as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _blocks(file: IO[bytes], budget: Budget) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        budget.spend(len(block))
        yield block


def _guarded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks; they are taken by the caller, and so are read outside of `members` itself."""
    with _reading():
        yield from blocks


def _tar(
    stream: IO[bytes], kind: str, budget: Budget, problems: list[Problem]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    window = _Window(stream, budget)
    try:
        archive = tarfile.TarFile(fileobj=window, errors="surrogateescape")
    except tarfile.ReadError as error:
        raise Damaged(f"it holds no tar archive: {error}") from error
    with archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # the module would keep every one
            budget.spend(members=1)
            try:
                plain = safe_path(member.name)
                if not plain or member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise _Unusable("a link, device or file with holes")
                if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
                    tarfile.data_filter(member, "/unpacked")  # a second opinion, from the standard library
            except _Unusable as error:
                _pass_over(member.name, str(error), problems)
                continue
            except tarfile.FilterError as error:
                raise Refused(f"names a file outside its own folder: {printable(member.name)[:200]!r}") from error
            yield plain, _guarded(window.file(member.offset_data, member.size))
        # The module takes a broken header for the end. A whole tar ends in empty blocks; where they were left out,
        # the end of a compressed stream is as good, since that is checked.
        if window.last.strip(b"\0") or (not window.last and kind == "tar"):
            raise Damaged("it ends in the middle, or a header is broken")


class _Window(io.RawIOBase):
    """A stream as `tarfile` wants it, which only goes forward and reads no more than a header's worth at once."""

    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._position = 0
        self.last = b""  # the header that was read last

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence != 0 or offset < self._position:
            raise Damaged("a header points backwards")
        for _ in self.file(self._position, offset - self._position):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _HEADER:
            raise Damaged("a header is far too large")
        self.last = self._take(size)
        return self.last

    def file(self, start: int, size: int) -> Iterator[bytes]:
        """The bytes of a member, in blocks."""
        if start < self._position or size < 0:
            raise Damaged("a header points backwards")
        if start > self._position:
            self.seek(start)
        while size:
            block = self._take(min(size, _BLOCK))
            if not block:
                raise Damaged("it ends in the middle")
            size -= len(block)
            yield block

    def _take(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size and (block := self._stream.read(size - len(taken))):
            taken += block
        self._position += len(taken)
        self._budget.spend(len(taken))
        return taken


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
def _reading() -> Iterator[None]:
    """Turn what the libraries raise on broken input into one word. What the reader of the files raises is not ours."""
    try:
        yield
    except (Refused, Damaged):
        raise
    except (EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, struct.error) as error:
        raise Damaged(str(error) or type(error).__name__) from error
    except (OSError, ValueError, OverflowError, RuntimeError) as error:
        raise Damaged(str(error) or type(error).__name__) from error


def _old_tar(head: bytes) -> bool:
    """Whether a block is the header of a tar file from before `ustar`: its checksum says so."""
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True
