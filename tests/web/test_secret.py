"""The secret key of a site on this machine."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sightline.web.secret import local_secret


def test_drawn_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = local_secret(tmp_path)
    assert len(key) >= 50 and local_secret(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_all_who_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: local_secret(tmp_path), range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]
