"""What can be set from outside: defaults, limits, and messages that name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.web.options import Options, database


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    found = Options.from_environment({"SIGHTLINE_RUNS": str(tmp_path)})
    assert found.state == tmp_path / "site" and found.findings is None
    assert found.open_pages and found.quota == 0


def test_in_production_pages_are_closed_and_visitors_have_a_quota(tmp_path: Path) -> None:
    found = Options.from_environment({"SIGHTLINE_RUNS": str(tmp_path)}, local=False)
    assert not found.open_pages and found.quota > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGHTLINE_QUEUE", "0"),
        ("SIGHTLINE_QUEUE", "many"),
        ("SIGHTLINE_OPEN", "perhaps"),
        ("SIGHTLINE_DEADLINE", "nan"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        Options.from_environment({name: value})


def test_database_urls(tmp_path: Path) -> None:
    assert database("", tmp_path)["NAME"] == str(tmp_path / "site.sqlite3")
    assert database("sqlite:////srv/a.db", tmp_path)["NAME"] == "/srv/a.db"
    found = database("postgres://me:p%40ss@db:5433/site?sslmode=require", tmp_path)
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "me", "p@ss", "db", "5433", "site",
    )  # fmt: skip
    assert found["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://root:geheim@db/site", "postgres://me:geheim@db:port/site"])
def test_an_unknown_database_is_refused_without_telling_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        database(url, tmp_path)
    assert "geheim" not in str(refused.value) and "DATABASE_URL" in str(refused.value)


def test_sqlite_waits_instead_of_failing(tables: None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA busy_timeout").fetchone()[0] >= 10_000
    assert connection.transaction_mode == "IMMEDIATE"
