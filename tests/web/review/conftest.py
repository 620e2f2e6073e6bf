"""PostgreSQL for the tests that need it: a cluster of their own in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)


def _as_postgres(*command: str | Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return [str(part) for part in command]
    return ["runuser", "-u", "postgres", "--", *(str(part) for part in command)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The DATABASE_URL of an empty database on a fresh cluster."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("running as root, and there is no user postgres to run the server")
    folder = Path(tempfile.mkdtemp(prefix="sightline-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    run: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "timeout": 120, "cwd": folder}
    try:
        subprocess.run(
            _as_postgres(programs / "initdb", "-D", data, "-U", "sightline", "-A", "trust", "-E", "UTF8", "--no-sync"),
            **run,
            check=True,
        )
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=100"
        subprocess.run(
            _as_postgres(
                programs / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", options, "start"
            ),
            **run,
            check=True,
        )
        yield f"postgres://sightline@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            cwd="/",
        )
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
