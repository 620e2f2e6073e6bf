"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sightline.errors import SightlineError
from sightline.system.files import replacing, require_writable, sha256, write_bytes, write_json, write_table, write_text
from sightline.system.spreadsheet import read_csv


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="disk is full"), replacing(tmp_path / "a") as temporary:
        temporary.write_bytes(b"1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not any(tmp_path.iterdir())


def test_a_name_of_255_bytes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_bytes(path, b"x")
    assert path.read_bytes() == b"x"


def test_folders_are_made(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "b" / "c.json", {"é": 1})
    assert json.loads((tmp_path / "a" / "b" / "c.json").read_text(encoding="utf-8")) == {"é": 1}


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not any(tmp_path.iterdir())


def test_a_name_that_is_no_unicode_does_no_harm(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "b\udcffc")
    assert (tmp_path / "a.txt").read_text() == "b\\udcffc"


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_tables_come_back(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"path": ["a b.jpg", 'quo"te\n.jpg'], "n": [1, 2]})
    write_table(tmp_path / name, table)
    read = read_csv if name.endswith("csv") else pd.read_parquet
    pd.testing.assert_frame_equal(read(tmp_path / name), table, check_dtype=False)


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
@pytest.mark.parametrize("made", [0o600, 0o400, 0o666])
def test_who_may_read_is_the_umasks_to_say(mask, made, tmp_path):
    """safetensors makes its files for their owner alone, and a server of another user could not read them."""
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "a") as temporary:
            temporary.touch()
            temporary.chmod(made | 0o200)
        assert os.umask(mask) == mask  # looked at, not changed
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


def test_weights_have_the_mode_of_the_other_files(tmp_path):
    from safetensors.numpy import save_file

    with replacing(tmp_path / "a.safetensors") as temporary:
        save_file({"a": np.zeros(3)}, temporary)
    write_bytes(tmp_path / "b", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.safetensors", "b")}
    assert len(modes) == 1


def test_a_place_that_can_be_written_is_none_the_worse(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b.csv")
    require_writable(tmp_path)
    (tmp_path / "c.csv").write_text("old")
    require_writable(tmp_path / "c.csv")
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.csv"]


@pytest.mark.parametrize("place", ["file/x.csv", "file/deep/x.csv", "n" * 300, "dangling/x.csv"])
def test_what_stands_in_the_way_is_found_before_the_work(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SightlineError, match=r"cannot be written \(.+\)\. Choose another place with --out"):
        require_writable(tmp_path / place)


def test_a_closed_folder_and_a_read_only_disk_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SightlineError, match="you may not write in"):
        require_writable(tmp_path / "x")
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    with pytest.raises(SightlineError, match="the disk is read-only"):
        require_writable(tmp_path / "x")


def test_a_current_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SightlineError, match="cannot be written"):
        require_writable("x.csv")


def test_a_file_in_the_place_of_a_folder_is_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    require_writable(tmp_path / "a.csv")
    with pytest.raises(SightlineError, match="is a file"):
        require_writable(tmp_path / "a.csv", folder=True)
    with pytest.raises(SightlineError, match="cannot be written"):
        require_writable(f"{tmp_path}/a\0b.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("place", ["/proc/x.csv", "/proc/self/x/y.csv", "/sys/x.csv"])
def test_a_disk_of_the_kernels_own_is_found_before_the_work(place: str) -> None:
    with pytest.raises(SightlineError, match="cannot be written"):
        require_writable(place)
