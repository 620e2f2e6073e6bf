"""The settings: `check --deploy` has nothing to say, and a public site without secrets does not start."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.web import serve


def _check(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SIGHTLINE_", "DJANGO_"))}
    env |= {
        "SIGHTLINE_RUNS": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "sightline.web.settings.production",
        **environment,
    }
    command = [sys.executable, "-m", "sightline.web", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)


def test_check_deploy_is_clean_in_production(tmp_path: Path) -> None:
    done = _check(tmp_path, SECRET_KEY=secrets.token_urlsafe(60), ALLOWED_HOSTS="photos.example.org")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ALLOWED_HOSTS": "photos.example.org"}, "SECRET_KEY"),
        ({"SECRET_KEY": "short", "ALLOWED_HOSTS": "photos.example.org"}, "SECRET_KEY"),
        ({"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "photos.example.org"}, "SECRET_KEY"),
        ({"SECRET_KEY": "abcdefgh" * 9}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": "abcdefgh" * 9, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ],
)
def test_production_needs_a_secret_and_hosts(
    environment: dict[str, str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    from django.core.exceptions import ImproperlyConfigured

    for name in ("SECRET_KEY", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIGHTLINE_STATE", str(tmp_path / "state"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=named):
        importlib.reload(importlib.import_module("sightline.web.settings.production"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "photos.example.org"])
def test_a_public_bind_is_refused_without_them(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    with pytest.raises(UsageError, match="SECRET_KEY and ALLOWED_HOSTS"):
        serve.prepare(tmp_path, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_this_machine_is_not_public(host: str) -> None:
    assert not serve.port_is_public(host)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        serve.prepare(tmp_path / "nowhere", host="127.0.0.1")
