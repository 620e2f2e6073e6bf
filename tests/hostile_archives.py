"""Archives that are wrong in a way that their maker meant, drawn by Hypothesis: names, kinds, sizes, headers.

A bit that is turned in a compressed file is found by its checksum; what a checksum agrees with goes further in.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from hypothesis import strategies as st

NAMES = (
    "", ".", "..", "/", "../up.jpg", "a/../../up.jpg", "/etc/x.jpg", "C:\\x.jpg", "c:x.jpg", "..\\up.jpg", "a\0b.jpg",
    "cat", "cat/photos", "cat/photos/0.jpg", "cat/photos/0.jpg/1.jpg", "CAT/photos/0.jpg", "x" * 300 + ".jpg",
    "d/" * 900 + "1.jpg", "\u202ecat/1.jpg", "__MACOSX/._1.jpg", ".hidden/1.jpg", "labels.csv", ".sightline",
    "config.yaml", "dog/1.jpg ", "dog /1.jpg", "dog/a\nb.jpg", "dog/=1.jpg", "train/cat/1.jpg", "\udcff.jpg",
    "dog/" + "é" * 130 + ".jpg", "runs/x/model/config.json", "dog/1.zip",
)  # fmt: skip
_KINDS = (
    tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE,
    tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE,
    tarfile.XGLTYPE, b"\0", b"7", b"Z",
)  # fmt: skip
_SIZES = (0, 1, 511, 513, 1 << 20)
_RECORDS = (
    b"30 size=99999999999999999999\n", b"18 path=../up.jpg\n", b"9 path=\0\n", b"0 x=\n", b"99999 path=a\n", b"x",
    b"-1 a=b\n", b"19 mtime=1e999999\n", b"24 GNU.sparse.major=1\n", b"27 GNU.sparse.map=0,1e9\n", b"15 size=-10000\n",
    b"9 path=\xff\n", b"12 size=1e9\n", b"x" * 2_000_000,
)  # fmt: skip
_FIELDS = {
    "name": (0, 100), "mode": (100, 8), "size": (124, 12), "mtime": (136, 12), "type": (156, 1), "link": (157, 100),
}  # fmt: skip
_NUMBERS = (
    b"", b"\0" * 12, b"99999999999\0", b"-0000000001\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"abc", b"77777777777\0",
)  # fmt: skip
_CONTENTS = (b"", b"x", b"path,label\n../x,y\n", b"PK\x03\x04", b"\0" * 3_000_000)
_MODES = (0, 0o100644, 0o120777, 0o010777, 0o040777, 0o060777)
ARCHIVES = ("a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst", "labels.zip")


def pack(path: Path, files: dict[str, bytes]) -> None:
    """Write an archive of the kind that its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in files.items():
                made.writestr(name, content)
        return
    _squeeze(path, _tar(files))


def spoil(draw: st.DrawFn, path: Path) -> str:
    """Make the archive one that no honest program writes; returns what was done."""
    if path.suffix == ".zip":
        return draw(st.sampled_from([_member, _member, _directory]))(draw, path)
    return draw(st.sampled_from([_member, _header, _header, _extended]))(draw, path)


def _member(draw: st.DrawFn, path: Path) -> str:
    """One more member, or many, with a name and a kind of its own."""
    name = draw(st.sampled_from(NAMES))
    content = draw(st.sampled_from([*_CONTENTS, next(iter(_files(path).values()))]))
    times = draw(st.sampled_from([1, 1, 2, 3000]))
    if path.suffix == ".zip":
        mode = draw(st.sampled_from(_MODES))
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as made:
            for number in range(times):
                info = zipfile.ZipInfo((f"{number}/" if number else "") + name.replace("\udcff", "\xff"))
                info.external_attr = mode << 16
                made.writestr(info, b"" if number else content)
        return f"{path.name}: {times} members {name[:40]!r} of mode {mode:o} and {len(content)} bytes"
    form = draw(st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
    kind, link = draw(st.sampled_from([tarfile.REGTYPE, *_KINDS[:7]])), draw(st.sampled_from(NAMES))
    tar = io.BytesIO(_plain(path))
    with tarfile.open(fileobj=tar, mode="a", format=form) as made:
        for number in range(times):
            info = tarfile.TarInfo((f"{number}/" if number else "") + name)
            info.size, info.type, info.linkname = 0 if number else len(content), kind, link
            with contextlib.suppress(ValueError, UnicodeError):  # this format cannot hold such a name
                made.addfile(info, io.BytesIO(content))
    _squeeze(path, tar.getvalue())
    return f"{path.name}: {times} members {name[:40]!r} of kind {kind!r} to {link[:20]!r} and {len(content)} bytes"


def _header(draw: st.DrawFn, path: Path) -> str:
    """A field of a header of a tar with another value, and a checksum that agrees."""
    tar = bytearray(_plain(path))
    starts = [place for place in range(0, len(tar), 512) if tar[place + 257 : place + 262] == b"ustar"]
    start = draw(st.sampled_from(starts))
    field = draw(st.sampled_from(sorted(_FIELDS)))
    place, width = _FIELDS[field]
    if field in ("name", "link"):
        value = draw(st.sampled_from(NAMES)).encode("utf-8", "surrogateescape")
    else:
        value = draw(st.sampled_from(_KINDS if field == "type" else _NUMBERS))
    tar[start + place : start + place + width] = value[:width].ljust(width, b"\0")
    tar[start + 148 : start + 156] = b" " * 8
    tar[start + 148 : start + 156] = b"%06o\0 " % sum(tar[start : start + 512])
    if draw(st.booleans()):
        del tar[start + draw(st.sampled_from([512, 1024])) :]
    _squeeze(path, bytes(tar))
    return f"{path.name}: {field} at {start} is {value[:40]!r}"


def _extended(draw: st.DrawFn, path: Path) -> str:
    """A header of headers before the first member, or many of them."""
    kind = draw(st.sampled_from([tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE]))
    record = draw(st.sampled_from(_RECORDS))
    info = tarfile.TarInfo("PaxHeaders")
    info.type, info.size = kind, draw(st.sampled_from([len(record), len(record), *_SIZES]))
    block = info.tobuf(tarfile.GNU_FORMAT) + record.ljust(-(-len(record) // 512) * 512, b"\0")
    times = draw(st.sampled_from([1, 1, 2, 1500])) if len(record) < 1000 else 1
    _squeeze(path, block * times + _plain(path))
    return f"{path.name}: {times} x {kind!r} {record[:30]!r}"


def _directory(draw: st.DrawFn, path: Path) -> str:
    """A field of a zip's directory, or of a member's own header, with another value."""
    content = bytearray(path.read_bytes())
    signature, size = draw(st.sampled_from([(b"PK\x01\x02", 46), (b"PK\x03\x04", 30), (b"PK\x05\x06", 22)]))
    starts = [place for place in range(len(content)) if content[place : place + 4] == signature]
    start = draw(st.sampled_from(starts))
    place = draw(st.integers(4, size - 2))
    value = draw(st.sampled_from([0, 1, 0xFFFF, 0x7FFF, 8, 9, 12, 14, 93, 99, 0x0800, 0x0001]))
    struct.pack_into("<H", content, start + place, value)
    path.write_bytes(content)
    return f"{path.name}: {signature!r} at {start}, {place} is {value:#x}"


def _files(path: Path) -> dict[str, bytes]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as made:
            return {name: made.read(name) for name in made.namelist()}
    with tarfile.open(fileobj=io.BytesIO(_plain(path))) as opened:
        found = ((member.name, opened.extractfile(member)) for member in opened)
        return {name: file.read() for name, file in found if file is not None}


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _plain(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".zst":
        with pa.input_stream(pa.BufferReader(content), compression="zstd") as stream:
            return bytes(stream.read())
    unpack = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
    return unpack.get(path.suffix, bytes)(content)


def _squeeze(path: Path, tar: bytes) -> None:
    if path.suffix == ".zst":
        out = pa.BufferOutputStream()
        with pa.output_stream(out, compression="zstd") as stream:
            stream.write(tar)
        path.write_bytes(out.getvalue().to_pybytes())
        return
    pack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": lambda plain: gzip.compress(plain, 1),
        ".bz2": bz2.compress,
        ".xz": lambda plain: lzma.compress(plain, preset=0),
    }
    path.write_bytes(pack.get(path.suffix, bytes)(tar))
