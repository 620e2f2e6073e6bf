"""What can be set from outside: the environment variables of the site, read once and checked.

`sightline serve` sets most of them itself; in production they come from the container or the service file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from sightline.errors import UsageError


@dataclass(frozen=True)
class Options:
    """Every choice that the site has, beside Django's own."""

    runs: Path
    """A run, or a folder of runs (SIGHTLINE_RUNS)."""
    state: Path
    """Where the site keeps its own: database, photos of visitors, secret key (SIGHTLINE_STATE)."""
    findings: Path | None
    """findings.csv or .parquet for the review queue; None: what lies in the run's folder (SIGHTLINE_FINDINGS)."""
    open_pages: bool
    """Whether runs and data can be seen without signing in; so on this machine, not in production (SIGHTLINE_OPEN)."""
    trusted_proxies: int
    """How many reverse proxies stand in front, each adding to X-Forwarded-For (SIGHTLINE_PROXIES)."""
    device: str
    """cpu, cuda, mps or auto (SIGHTLINE_DEVICE)."""
    batching: bool
    """Whether photos of several requests are predicted together (SIGHTLINE_BATCHING)."""
    batch: int
    """Photos predicted together, at most (SIGHTLINE_BATCH)."""
    queue: int
    """Photos in the house, at most, over all requests; more are answered 503 (SIGHTLINE_QUEUE)."""
    share: int
    """How many of them may be one client's; so that nobody fills the house alone, a quarter of `queue` in production
    (SIGHTLINE_SHARE)."""
    deadline: float
    """Seconds within which a prediction must have begun, whatever it waits for; then it is given up: 504
    (SIGHTLINE_DEADLINE)."""
    quota: int
    """Photos a minute for each client; 0 is no limit (SIGHTLINE_QUOTA)."""
    upload_megabytes: float
    """Bytes of one photo, in MB; more is 413 (SIGHTLINE_UPLOAD_MB)."""
    upload_megapixels: float
    """Pixels of one photo, in millions; more is 413 (SIGHTLINE_UPLOAD_MP)."""
    upload_files: int
    """Photos in one request (SIGHTLINE_UPLOAD_FILES)."""
    keep_hours: float
    """How long the copies of visitors' photos stay, unless they were reported as wrong (SIGHTLINE_KEEP_HOURS)."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, *, local: bool = True) -> Options:
        """Read them.

        Args:
            environment: by default the process's own.
            local: whether the site is only for this machine; it decides some defaults.

        Raises:
            UsageError: a value makes no sense; the message names the variable.
        """
        env = _Environment(os.environ if environment is None else environment)
        runs = env.path("SIGHTLINE_RUNS") or Path("runs").absolute()
        queue = int(env.number("SIGHTLINE_QUEUE", 48, 1, 100_000))
        return cls(
            runs=runs,
            state=env.path("SIGHTLINE_STATE") or runs / "site",
            findings=env.path("SIGHTLINE_FINDINGS"),
            open_pages=env.flag("SIGHTLINE_OPEN", local),
            trusted_proxies=int(env.number("SIGHTLINE_PROXIES", 0, 0, 8)),
            device=env.text("SIGHTLINE_DEVICE", "auto"),
            batching=env.flag("SIGHTLINE_BATCHING", True),
            batch=int(env.number("SIGHTLINE_BATCH", 16, 1, 1024)),
            queue=queue,
            share=int(env.number("SIGHTLINE_SHARE", queue if local else max(1, queue // 4), 1, 100_000)),
            deadline=env.number("SIGHTLINE_DEADLINE", 10, 0.01, 600),
            quota=int(env.number("SIGHTLINE_QUOTA", 0 if local else 120, 0, 1e9)),
            upload_megabytes=env.number("SIGHTLINE_UPLOAD_MB", 20, 0.01, 1000),
            upload_megapixels=env.number("SIGHTLINE_UPLOAD_MP", 50, 0.01, 1000),
            upload_files=int(env.number("SIGHTLINE_UPLOAD_FILES", 64, 1, 10_000)),
            keep_hours=env.number("SIGHTLINE_KEEP_HOURS", 24, 0, 1e6),
        )


@dataclass(frozen=True)
class _Environment:
    values: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.values.get(name) or default

    def path(self, name: str) -> Path | None:
        """A file or folder, absolute from here on; None if none was named."""
        text = self.text(name, "")
        return Path(text).absolute() if text else None

    def flag(self, name: str, default: bool) -> bool:
        text = self.values.get(name, "").strip().lower()
        if text in ("", "1", "true", "yes", "on"):
            return default if text == "" else True
        if text in ("0", "false", "no", "off"):
            return False
        raise UsageError(f"{name}={text}: write 1 or 0.")

    def number(self, name: str, default: float, low: float, high: float) -> float:
        text = self.values.get(name, "").strip()
        try:
            value = float(text) if text else default
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise UsageError(f"{name}={text}: give a number from {low:g} to {high:g}.")
        return value


def database(url: str, state: Path) -> dict[str, object]:
    """Django's DATABASES entry for a URL: postgres://user:password@host:port/name, sqlite:///path, or "" for the
    default.

    Raises:
        UsageError: the URL is of another kind; the message does not show its password.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "sqlite"):
        path = Path(unquote(parts.path[1:])) if parts.path.strip("/") else state / "site.sqlite3"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(path),
            # WAL lets readers go on beside the one writer; IMMEDIATE takes the write lock at the start of a
            # transaction, where waiting for it is possible, instead of in the middle, where SQLite can only fail.
            # FULL: a decision that was acknowledged is there after a power cut too.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=30000;",
            },
        }
    if parts.scheme in ("postgres", "postgresql"):
        try:
            port = parts.port
        except ValueError:
            raise UsageError("DATABASE_URL: the port is not a number.") from None
        query = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.pop("host", None) or parts.hostname or "",
            "PORT": str(port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": query,
        }
    raise UsageError(f"DATABASE_URL: {parts.scheme}:// is not known; use postgres:// or sqlite:///.")
