"""The cache stays within its limit, and goes when asked."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.system import cache


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fill(kind: str, name: str, size: int, hours_old: float) -> Path:
    path = cache.folder(kind) / name
    path.write_bytes(b"x" * size)
    then = time.time() - hours_old * 3600
    os.utime(path, (then, then))
    return path


def test_an_empty_cache_has_no_entries(place: Path) -> None:
    assert cache.entries() == []
    assert cache.clear() == 0


def test_what_was_unused_longest_goes_first(place: Path) -> None:
    old, newer = fill("pixels", "old", 8192, 50), fill("features", "newer", 8192, 20)
    assert cache.trim(most=10_000) >= 8192
    assert not old.exists()
    assert newer.exists()


def test_what_is_in_use_stays(place: Path) -> None:
    fresh = fill("pixels", "fresh", 8192, 0)
    assert cache.trim(most=0) == 0
    assert fresh.exists()


def test_touching_keeps(place: Path) -> None:
    old, other = fill("pixels", "old", 8192, 50), fill("pixels", "other", 8192, 40)
    cache.touch(old)
    cache.trim(most=8192)
    assert old.exists()
    assert not other.exists()


def test_clear_removes_folders_too(place: Path) -> None:
    (cache.folder("archives") / "a").mkdir()
    (cache.folder("archives") / "a" / "b").write_text("x")
    assert cache.clear() > 0
    assert cache.entries() == []


@pytest.mark.parametrize("text", ["0", "-1", "lots", "nan"])
def test_a_limit_that_is_none_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_LIMIT", text)
    with pytest.raises(UsageError, match="SIGHTLINE_CACHE_LIMIT"):
        cache.limit()
