"""A folder from a stranger, run or photos, that leads elsewhere: nothing of a person's own is written, nothing waits.

A line of a log written through a link ends up in a person's own files, where what it says may be a program; a pipe in
the place of a small file keeps whoever opens it waiting for ever.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostile_run import sightline as command
from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError
from sightline.runs import ledger
from sightline.runs.folder import RunFolder
from sightline.system.files import open_to_append


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A person's own file, which must stay as it is."""
    path = tmp_path / "own"
    path.write_text("mine\n")
    yield path
    assert path.read_text() == "mine\n"


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


ODD: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "round": lambda path: path.symlink_to(path.name),
}


def test_a_log_is_not_written_through_a_link(copy: Path, own: Path) -> None:
    (copy / "log.txt").unlink()
    (copy / "log.txt").symlink_to(own)
    RunFolder(copy).log("a line")


@pytest.mark.parametrize("kind", ODD)
def test_a_log_that_is_no_file_costs_nothing(copy: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy / "log.txt").unlink()
    monkeypatch.chdir(copy)  # the name of a socket is short
    ODD[kind](Path("log.txt"))
    RunFolder(copy).log("a line")


def test_a_ledger_is_not_written_through_a_link(tmp_path: Path, own: Path) -> None:
    runs = tmp_path / "$(echo harm)"
    runs.mkdir()
    (tmp_path / ledger.NAME).symlink_to(own)
    with pytest.raises(SightlineError, match="cannot be recorded"):
        ledger.opened(runs, ["a"], "evaluate")


@pytest.mark.parametrize("kind", ODD)
def test_a_ledger_that_is_no_file_keeps_the_test_set_closed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ODD[kind](Path(ledger.NAME))
    with pytest.raises(SightlineError, match="cannot be recorded"):
        ledger.opened(tmp_path / "run", ["a"], "evaluate")


@pytest.mark.parametrize("name", ["model", "extras", "checkpoint", "folds"])
def test_a_run_is_not_written_through_a_link_to_a_folder(copy: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "config.json").write_text("mine")
    if (copy / name).exists():
        (copy / name).rename(tmp_path / "before")
    (copy / name).symlink_to(elsewhere)
    (copy / "report.html").unlink()
    found = command("train", "--resume", copy)
    assert found.is_plain and found.code == 1
    assert f"{name}: is a link to another place" in found.err
    assert [path.name for path in elsewhere.iterdir()] == ["config.json"]
    assert (elsewhere / "config.json").read_text() == "mine"


def test_a_lock_is_not_made_through_a_link(copy: Path, tmp_path: Path) -> None:
    (copy / ".lock").unlink(missing_ok=True)
    (copy / ".lock").symlink_to(tmp_path / "made")
    with RunFolder(copy).hold():
        assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("kind", ODD)
def test_photos_with_a_marker_that_is_no_file_are_read_or_refused(
    tmp_path: Path, scenes: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    for label in ("sea", "forest"):
        (tmp_path / "photos" / label).symlink_to(scenes / label)
    monkeypatch.chdir(tmp_path / "photos")
    ODD[kind](Path(".sightline"))
    try:
        assert len(open_dataset(tmp_path / "photos")) == 60
    except SightlineError as error:
        assert str(error).count("\n") <= 1


def test_what_is_appended_to_is_a_regular_file(tmp_path: Path, own: Path) -> None:
    for _ in range(2):
        descriptor = open_to_append(tmp_path / "log")
        os.write(descriptor, b"a line\n")
        os.close(descriptor)
    assert (tmp_path / "log").read_text() == "a line\n" * 2
    (tmp_path / "link").symlink_to(own)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError):
            open_to_append(tmp_path / name)
