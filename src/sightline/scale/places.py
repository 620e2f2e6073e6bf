"""A folder or a file, on this disk or in an object store: listed, read and written by one interface, pyarrow's.

`s3://` is read by Arrow itself; it finds credentials as Amazon's own tools do, and AWS_ENDPOINT_URL names another
server of the same kind. Every other address goes to fsspec: `gs://` needs the package gcsfs, `az://` adlfs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from sightline.errors import SightlineError, UsageError
from sightline.system import regular
from sightline.system.files import write_bytes

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_SAID = (
    (r"ACCESS_DENIED|Forbidden|\b403\b|PermissionError", "access is denied: are the credentials there, and right?"),
    (r"NETWORK_CONNECTION|Connection|Couldn.t connect|connect|resolve", "cannot be reached: is the address right?"),
    (r"NO_SUCH_BUCKET|NoSuchBucket|404|Not ?Found|does not exist", "is not there."),
    (r"[Cc]redential|\b401\b|INVALID_ACCESS_KEY|SIGNATURE", "the credentials are missing, or refused."),
)


@dataclass(frozen=True)
class Entry:
    """One thing in a folder."""

    name: str
    folder: bool
    size: int
    """Bytes; -1 where the store does not say."""


@dataclass(frozen=True)
class Place:
    """A folder or a file at `address`; `path` is its name within `files`, a pyarrow file system."""

    address: str
    files: Any
    path: str

    @property
    def local(self) -> Path | None:
        """Where it is on this disk; None for one in a store."""
        return None if is_address(self.address) else Path(self.path)

    def at(self, below: str) -> Place:
        """What lies in this folder under the name `below`."""
        return Place(f"{self.address.rstrip('/')}/{below}", self.files, f"{self.path.rstrip('/')}/{below}")

    def kind(self) -> str:
        """ "file", "folder", or "" where there is nothing.

        Raises:
            SightlineError: the store cannot be reached, or does not let us.
        """
        from pyarrow.fs import FileType

        with _plainly(self.address):
            found = self.files.get_file_info(self.path).type
        return {FileType.File: "file", FileType.Directory: "folder"}.get(found, "")

    def entries(self) -> list[Entry]:
        """What lies directly in this folder, in the order of names.

        Raises:
            SightlineError: it cannot be listed.
        """
        from pyarrow.fs import FileSelector, FileType

        with _plainly(self.address):
            found = self.files.get_file_info(FileSelector(self.path, recursive=False, allow_not_found=True))
        kinds = (FileType.File, FileType.Directory)
        return sorted(
            (
                Entry(info.base_name, info.type == FileType.Directory, -1 if info.size is None else info.size)
                for info in found
                if info.type in kinds and info.base_name
            ),
            key=lambda entry: entry.name,
        )

    def size(self) -> int:
        """How many bytes a file has.

        Raises:
            FileNotFoundError: there is no such file.
            SightlineError: the store cannot be reached.
        """
        from pyarrow.fs import FileType

        with _plainly(self.address):
            info = self.files.get_file_info(self.path)
        if info.type != FileType.File:
            raise FileNotFoundError(self.address)
        return -1 if info.size is None else int(info.size)

    def read(self, most: int) -> bytes:
        """The bytes of a file of at most `most` bytes.

        Raises:
            SightlineError: it is not there, is larger, or cannot be read.
        """
        if self.local is not None:
            return regular.content(self.local, most)
        with _plainly(self.address), self.files.open_input_stream(self.path) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise SightlineError(f"{self.address}: is larger than {most:,} bytes.")
        return bytes(data)

    def open(self) -> IO[bytes]:
        """A file, opened for reading at any position; the caller closes it.

        Raises:
            SightlineError: it is not there, or cannot be read.
        """
        if self.local is not None:
            try:
                return regular.open_regular(self.local)
            except regular.Unreadable as error:
                raise SightlineError(f"{self.address}: cannot be read: {error.detail}.") from error
        with _plainly(self.address):
            opened: IO[bytes] = self.files.open_input_file(self.path)
            return opened

    def write(self, content: bytes) -> None:
        """Write a file, whole or not at all: a store shows an object only when all of it has arrived.

        Raises:
            SightlineError: it cannot be written.
        """
        if self.local is not None:
            write_bytes(self.local, content)
            return
        with _plainly(self.address), self.files.open_output_stream(self.path) as file:
            file.write(content)


def is_address(name: str | Path) -> bool:
    """Whether a name is an address such as s3://bucket/folder, and no path on this disk."""
    return bool(_ADDRESS.match(str(name)))


def place(name: str | Path) -> Place:
    """The place that a person names.

    Raises:
        UsageError: no file system of this kind is installed.
    """
    text = str(name)
    if not is_address(text):
        from pyarrow.fs import LocalFileSystem

        return Place(text, LocalFileSystem(), str(Path(text).absolute()))
    scheme, rest = text.split("://", 1)
    if scheme.lower() in ("s3", "s3a"):
        return Place(text, _s3(), rest.rstrip("/"))
    import fsspec
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    try:
        with _plainly(text):
            files, path = fsspec.core.url_to_fs(text)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"{text}: addresses of this kind cannot be read here: {' '.join(str(error).split())}"
        ) from error
    return Place(text, PyFileSystem(FSSpecHandler(files)), path)


def _s3() -> Any:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    where: dict[str, Any] = {}
    if given:
        address = urlsplit(given)
        where = {"endpoint_override": address.netloc, "scheme": address.scheme or "https"}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ("us-east-1" if given else None)
    retries = AwsStandardS3RetryStrategy(max_attempts=3)
    return S3FileSystem(region=region, connect_timeout=10, request_timeout=60, retry_strategy=retries, **where)


@contextmanager
def _plainly(address: str) -> Iterator[None]:
    """Turn whatever a store's library raises into one plain line; a file that is not there stays what it is."""
    try:
        yield
    except (SightlineError, ImportError, ValueError):
        raise
    except Exception as error:  # Arrow raises OSError with the server's words, fsspec's packages what they like
        text = " ".join(f"{type(error).__name__}: {error}".split())
        for pattern, said in _SAID:
            if re.search(pattern, text):
                raise SightlineError(f"{address}: {said}") from error
        raise SightlineError(f"{address}: cannot be read or written ({text[:200]}).") from error
