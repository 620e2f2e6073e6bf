"""A shelf with several runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def shelf_of_three(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visitor: Client, other_models: None
) -> Path:
    """Three runs: two complete ones, and one that was interrupted after an epoch."""
    for name in ("alpha", "beta", "broken-off"):
        shutil.copytree(run, tmp_path / name)
    (tmp_path / "broken-off" / "evaluation.json").unlink()
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path))
    return tmp_path
