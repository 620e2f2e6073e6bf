"""Anything that a name can lead to: files are read, everything else is refused at once, with the reason."""

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.errors import SightlineError
from sightline.system.regular import Unreadable, content, digest, open_regular, read, require

MOST = 2 << 30


def fails(path, problem: str) -> str:
    details = set()
    for way in (read, digest, open_regular):
        with pytest.raises(Unreadable) as caught:
            way(path, MOST)
        assert caught.value.problem == problem, str(caught.value)
        details.add(caught.value.detail)
    (detail,) = details
    return detail


class TestWhatIsNoFile:
    def test_fifo_folder_device_socket(self, tmp_path, monkeypatch):
        os.mkfifo(tmp_path / "fifo.jpg")
        (tmp_path / "folder.jpg").mkdir()
        with socket.socket(socket.AF_UNIX) as unix:
            monkeypatch.chdir(tmp_path)  # a socket's path must be short
            unix.bind("socket.jpg")
            for name, word in (("fifo", "FIFO"), ("folder", "folder"), ("socket", "socket")):
                assert word in fails(tmp_path / f"{name}.jpg", "unreadable")
        for device in ("/dev/zero", "/dev/null", "/dev/tty"):
            if Path(device).exists():
                assert "device" in fails(Path(device), "unreadable")

    def test_links(self, tmp_path):
        (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
        (tmp_path / "loop.jpg").symlink_to("loop.jpg")
        (tmp_path / "real.png").write_bytes(b"content")
        (tmp_path / "good.jpg").symlink_to("real.png")
        assert "link" in fails(tmp_path / "broken.jpg", "unreadable")
        assert "itself" in fails(tmp_path / "loop.jpg", "unreadable")
        assert read(tmp_path / "good.jpg", MOST) == b"content"

    def test_gone_and_impossible_names(self, tmp_path):
        assert "not there" in fails(tmp_path / "gone.jpg", "unreadable")
        fails("a\0b.jpg", "unreadable")
        assert "name" in fails(tmp_path / ("x" * 300), "unreadable")
        (tmp_path / "file").write_bytes(b"x")
        assert "not a folder" in fails(tmp_path / "file" / "photo.jpg", "unreadable")

    @pytest.mark.parametrize("name", ["ü 写真 🌄.png", "two\nlines.png", " .png", "'\"$(x);.png", "n" * 251 + ".png"])
    def test_odd_names(self, name, tmp_path):
        (tmp_path / name).write_bytes(b"content")
        assert read(tmp_path / name, MOST) == b"content"
        assert digest(tmp_path / name) == (hashlib.sha256(b"content").hexdigest(), 7)

    def test_bytes_that_are_no_text_as_name(self, tmp_path):
        name = os.fsencode(tmp_path) + b"/\xff\xfe.png"
        Path(os.fsdecode(name)).write_bytes(b"content")
        assert read(Path(os.fsdecode(name)), MOST) == b"content"

    def test_no_permission(self, tmp_path, monkeypatch):
        file = tmp_path / "photo.png"
        file.write_bytes(b"content")
        if os.geteuid() == 0:  # root may read everything, so the refusal itself is played

            def refuse(*_):
                raise PermissionError(13, "Permission denied")

            monkeypatch.setattr(os, "open", refuse)
        file.chmod(0)
        assert "permission" in fails(file, "unreadable")

    def test_a_huge_file_is_not_read(self, tmp_path):
        file = tmp_path / "photo.jpg"
        with open(file, "wb") as out:
            out.write(b"content")
            out.truncate(3 << 30)  # a hole: takes no room
        assert "GB" in fails(file, "too-large")


def test_a_file_exchanged_between_look_and_open(tmp_path, monkeypatch):
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"content")
    os.mkfifo(tmp_path / "fifo")
    real = os.open

    def exchanged(path, flags, *rest):
        return real(tmp_path / "fifo", flags, *rest)

    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    monkeypatch.setattr(os, "open", exchanged)
    assert "FIFO" in fails(file, "unreadable")
    monkeypatch.undo()
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_many_blocks(tmp_path):
    data = os.urandom(3_500_000)
    (tmp_path / "large").write_bytes(data)
    assert digest(tmp_path / "large") == (hashlib.sha256(data).hexdigest(), len(data))
    assert read(tmp_path / "large", MOST) == data


@pytest.mark.parametrize("way", [lambda path: content(path, 100), lambda path: require(path, 100)])
def test_a_person_is_told_which_file_and_why(way, tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(SightlineError, match=r"a\.json: cannot be read: a FIFO"):
        way(tmp_path / "a.json")
    (tmp_path / "b.json").write_bytes(b"x" * 101)
    with pytest.raises(SightlineError, match=r"b\.json: cannot be read: the file has .* the limit is"):
        way(tmp_path / "b.json")
    (tmp_path / "c.json").write_bytes(b"x" * 100)
    way(tmp_path / "c.json")


def test_reading_takes_memory_for_the_file_alone(tmp_path):
    """Not for the most that is allowed: under a limit on memory every photo would count as too large."""
    (tmp_path / "x").write_bytes(b"x" * 5000)
    code = (
        "import resource; from sightline.system import regular\n"
        "held = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + (64 << 20), -1))\n"
        f"print(len(regular.read({str(tmp_path / 'x')!r}, 2 << 30)))"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "5000", done.stderr


def test_a_file_of_unknown_length_is_read_to_its_limit():
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    assert read("/proc/self/status", 1 << 20).startswith(b"Name:")  # its length is said to be 0
    assert len(read("/proc/self/status", 10)) == 10
