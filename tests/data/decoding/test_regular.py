"""The guards of system.regular (tests/system/test_regular.py) in the terms of pictures."""

import os

import pytest

from sightline.data.decoding.regular import Undecodable, digest, open_regular, read


@pytest.mark.parametrize("way", [read, digest, open_regular])
def test_a_pipe_and_a_file_too_large_are_named(way, tmp_path):
    os.mkfifo(tmp_path / "fifo.jpg")
    with pytest.raises(Undecodable, match="unreadable: a FIFO"):
        way(tmp_path / "fifo.jpg")
    with open(tmp_path / "large.jpg", "wb") as out:
        out.truncate(3 << 30)  # a hole: takes no room
    with pytest.raises(Undecodable, match=r"too-large: the file has 3\.2 GB"):
        way(tmp_path / "large.jpg")


def test_a_good_file_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(b"content")
    assert read(tmp_path / "a.png") == b"content"
