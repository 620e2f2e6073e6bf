"""The files of a tar archive, one after the other, out of a stream that goes only forward."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import IO

from sightline.data.reading.limits import BLOCK, Budget, Damaged, NoTar, Refused, Unusable, passed_over, safe_path
from sightline.data.table import Problem, printable

_HEADER = 1 << 20  # more than any honest header of a tar member takes


def tar_members(
    stream: IO[bytes], kind: str, budget: Budget, problems: list[Problem]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """As `members.members`, for a tar; `kind` is its compression, or "tar" for none."""
    window = _Window(stream, budget)
    try:
        archive = tarfile.TarFile(fileobj=window, errors="surrogateescape")
    except tarfile.ReadError as error:
        raise (Damaged if kind == "tar" else NoTar)("it holds no tar archive") from error
    with archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # the module would keep every one
            budget.spend(members=1)
            try:
                plain = safe_path(member.name)
                if not plain or member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise Unusable("a link, device or file with holes")
                if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
                    tarfile.data_filter(member, "/unpacked")  # a second opinion, from the standard library
            except Unusable as error:
                passed_over(member.name, str(error), problems)
                continue
            except tarfile.FilterError as error:
                raise Refused(f"names a file outside its own folder: {printable(member.name)[:200]!r}") from error
            yield plain, window.file(member.offset_data, member.size)
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
            block = self._take(min(size, BLOCK))
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


def is_old_tar(head: bytes) -> bool:
    """Whether a block is the header of a tar file from before `ustar`: its checksum says so."""
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True
