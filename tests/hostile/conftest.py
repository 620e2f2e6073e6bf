"""A good run to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copy(run_path: Path, tmp_path: Path) -> Path:
    """A good run, to be spoiled."""
    return Path(shutil.copytree(run_path, tmp_path / "run"))


@pytest.fixture
def photo(scenes: Path) -> Path:
    return next((scenes / "sea").iterdir())
