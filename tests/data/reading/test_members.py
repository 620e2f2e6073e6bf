"""Archives of any make, read member by member; whatever is in them, no name leads out."""

import bz2
import gzip
import io
import lzma
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sightline.data.reading import limits
from sightline.data.reading.limits import Budget, Damaged, Refused
from sightline.data.reading.members import archive_kind, members

FILES = {"cat/1.jpg": b"\xff\xd8\xff first", "cat/sub/2.jpg": b"x" * 70_000, "dog/3.jpg": b"third"}


def zip_of(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tar_of(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def read(path: Path, most: int = 1 << 30, count: int = 10_000) -> tuple[dict[str, bytes], list[str]]:
    problems: list = []
    found = {name: b"".join(blocks) for name, blocks in members(path, Budget(count, most), problems)}
    return found, [detail for _, _, detail, _ in problems]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip(tmp_path, method):
    path = zip_of(tmp_path / "a.zip", FILES, method)
    assert archive_kind(path) == "zip"
    assert read(path) == (FILES, [])


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_tar(tmp_path, form):
    (tmp_path / "a.tar").write_bytes(tar_of(FILES, form))
    assert archive_kind(tmp_path / "a.tar") == "tar"
    assert read(tmp_path / "a.tar") == (FILES, [])


@pytest.mark.parametrize(
    ("kind", "squeeze"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress), ("zstd", zstd)]
)
def test_compressed_tar(tmp_path, kind, squeeze):
    (tmp_path / "a").write_bytes(squeeze(tar_of(FILES)))
    assert archive_kind(tmp_path / "a") == kind
    assert read(tmp_path / "a") == (FILES, [])


def test_long_and_foreign_names(tmp_path):
    files = {f"{'d' * 200}/{'f' * 180}.jpg": b"1", "Bäume/森 .jpg": b"2", "a\nb/c.jpg": b"3"}
    (tmp_path / "a.tar").write_bytes(tar_of(files))
    assert read(tmp_path / "a.tar")[0] == files
    assert read(zip_of(tmp_path / "a.zip", files))[0] == files


def test_utf8_names_that_a_zip_does_not_announce(tmp_path):
    path = zip_of(tmp_path / "a.zip", {"B\xe4ume/1.jpg": b"1", "plain.jpg": b"2"})
    data = bytearray(path.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):  # take away the flag that says UTF-8
        at = data.find(start)
        data[at + (7 if start.endswith(b"\x04") else 9)] &= ~0x08
    path.write_bytes(data)
    assert zipfile.ZipFile(path).namelist()[0] != "B\xe4ume/1.jpg"
    assert set(read(path)[0]) == {"B\xe4ume/1.jpg", "plain.jpg"}


def test_clutter_is_passed_over_in_silence_and_folders_too(tmp_path):
    files = {"__MACOSX/cat/._1.jpg": b"x", "cat/.DS_Store": b"x", "cat/": b"", ".git/config": b"x", "./cat/1.jpg": b"y"}
    assert read(zip_of(tmp_path / "a.zip", files)) == ({"cat/1.jpg": b"y"}, [])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_passed_over_with_a_word(tmp_path, kind):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("cat/evil.jpg")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
        after = tarfile.TarInfo("cat/1.jpg")
        after.size = 3
        archive.addfile(after, io.BytesIO(b"abc"))
    (tmp_path / "a.tar").write_bytes(out.getvalue())
    found, problems = read(tmp_path / "a.tar")
    assert found == {"cat/1.jpg": b"abc"}
    assert problems == ["in the archive: a link, device or file with holes"]


def test_links_in_a_zip_are_passed_over_with_a_word(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("cat/evil.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("cat/1.jpg", b"abc")
    assert read(tmp_path / "a.zip") == ({"cat/1.jpg": b"abc"}, ["in the archive: a link or device, not a file"])


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "a/../../evil.jpg", "/etc/evil.jpg", "C:/evil.jpg", "..\\evil.jpg", "C:\\x"]
)
def test_a_name_that_leads_out_refuses_the_archive(tmp_path, name):
    for path in (zip_of(tmp_path / "a.zip", {"ok.jpg": b"1", name: b"2"}), tmp_path / "a.tar"):
        if path.suffix == ".tar":
            path.write_bytes(tar_of({"ok.jpg": b"1", name: b"2"}))
        with pytest.raises(Refused, match="names a file outside its own folder"):
            read(path)


def test_names_that_no_disk_can_hold_are_passed_over(tmp_path):
    files = {"a" * 300: b"1", "d/" * 1500 + "x": b"2", "ok.jpg": b"3"}
    found, problems = read(zip_of(tmp_path / "a.zip", files))
    assert found == {"ok.jpg": b"3"}
    assert problems == ["in the archive: its name is too long"] * 2
    odd = io.BytesIO()
    with tarfile.open(fileobj=odd, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        archive.addfile(tarfile.TarInfo("caf\udce9.jpg"))
    (tmp_path / "a.tar").write_bytes(odd.getvalue())
    assert read(tmp_path / "a.tar") == ({}, ["in the archive: its name is not valid Unicode"])


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path):
    zeros = bytes(20 << 20)
    (tmp_path / "a.tgz").write_bytes(gzip.compress(tar_of({"a.jpg": zeros})))
    for path in (zip_of(tmp_path / "a.zip", {"a.jpg": zeros}), tmp_path / "a.tgz"):
        assert path.stat().st_size < 100_000
        with pytest.raises(Refused, match="decompression bomb"):
            read(path, most=5 << 20)
        assert len(read(path, most=30 << 20)[0]["a.jpg"]) == 20 << 20


def test_too_many_members(tmp_path):
    path = zip_of(tmp_path / "a.zip", {f"{i}.jpg": b"" for i in range(30)})
    with pytest.raises(Refused, match="too many files"):
        read(path, count=20)


def test_a_tar_header_that_asks_for_memory_is_damage(tmp_path):
    """A name of 500 MB: the standard library alone would read it into memory, and the zeros cost the sender nothing."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 500 << 20
    (tmp_path / "a.tgz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
    with pytest.raises(Damaged, match="far too large"):
        read(tmp_path / "a.tgz")


def test_a_tar_header_that_points_backwards_is_damage(tmp_path):
    info = tarfile.TarInfo("a.jpg")
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 11 + b"\x00"  # a size below zero
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:512]) + 8 * 32)
    (tmp_path / "a.tar").write_bytes(bytes(block) + bytes(4096))
    with pytest.raises(Damaged):
        read(tmp_path / "a.tar")


def test_a_locked_zip_is_refused(tmp_path):
    path = zip_of(tmp_path / "a.zip", {"a.jpg": b"123"})
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x03\x04") + 6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(Refused, match="locked with a password"):
        read(path)


def test_a_zip_compressed_in_an_unknown_way_is_refused(tmp_path):
    path = zip_of(tmp_path / "a.zip", {"a.jpg": b"123"})
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x03\x04") + 8] = 9
    data[data.find(b"PK\x01\x02") + 10] = 9
    path.write_bytes(data)
    with pytest.raises(Refused, match="compressed in a way"):
        read(path)


def test_what_is_compressed_but_no_tar(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"path,label\n" * 100))
    with pytest.raises(Damaged, match="no tar archive"):
        read(tmp_path / "a.gz")


def whole_archives() -> dict[str, bytes]:
    noise = random.Random(0).randbytes
    files = {f"cat/{i}.jpg": noise(3000) for i in range(5)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    tar = tar_of(files)
    return {
        "zip": out.getvalue(),
        "tar": tar,
        "gz": gzip.compress(tar),
        "bz2": bz2.compress(tar),
        "xz": lzma.compress(tar),
        "zst": zstd(tar),
    }


WHOLE = whole_archives()


@settings(max_examples=60)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 0.97))
@example("tar", 0.5)
@example("gz", 0.9999)
def test_an_archive_that_was_cut_is_never_taken_for_whole(tmp_path_factory, kind, share):
    data = WHOLE[kind]
    if kind == "tar":  # its last blocks are padding, which nobody misses
        data = data[: 5 * 3584 + 512]
    path = tmp_path_factory.getbasetemp() / f"cut.{kind}"
    path.write_bytes(data[: int(share * len(data))])
    if not archive_kind(path):
        return
    with pytest.raises(Damaged):
        read(path)


@settings(max_examples=60)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_any_changed_byte_gives_the_files_or_a_plain_word(tmp_path_factory, kind, data):
    changed = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / f"changed.{kind}"
    path.write_bytes(changed)
    if not archive_kind(path):
        return
    try:
        found, _ = read(path, most=50 << 20)
    except (Damaged, Refused):
        return
    assert all(not Path(name).is_absolute() and ".." not in Path(name).parts for name in found)


@given(st.text(max_size=40) | st.text("./\\:C \0", max_size=20))
@example("a/../../b")
@example("c:\\x")
def test_safe_path_never_leads_out(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp() / "target"
    try:
        plain = limits.safe_path(name)
    except (Refused, limits.Unusable):
        return
    if plain:
        assert not Path(plain).is_absolute()
        assert (folder / plain).resolve().is_relative_to(folder.resolve())
        assert all(part not in ("", ".", "..") for part in plain.split("/"))
        assert limits.safe_path(plain) == plain


def test_other_files_are_no_archives(tmp_path):
    for content in (b"", b"x", b"path,label\n", b"PK\x03\x04 but no more", b"\0" * 512, b"a" * 600):
        (tmp_path / "f").write_bytes(content)
        assert archive_kind(tmp_path / "f") == ""
