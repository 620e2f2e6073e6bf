"""A site for the tests: its own folder, its own database, and one small run that was really trained."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

WORK = Path(tempfile.mkdtemp(prefix="sightline-web-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)
(WORK / "runs").mkdir()

# Django is set up before the tests are even collected, since they import its models.
os.environ["SIGHTLINE_RUNS"] = str(WORK / "runs")
os.environ["SIGHTLINE_STATE"] = str(WORK / "state")
os.environ["DJANGO_SETTINGS_MODULE"] = "sightline.web.settings.local"
for name in ("DATABASE_URL", "SECRET_KEY", "SIGHTLINE_FINDINGS"):
    os.environ.pop(name, None)

import django.conf  # noqa: E402

django.setup()
django.conf.settings.ALLOWED_HOSTS.append("testserver")
# Good hashes are slow on purpose; what is tested here is not the hash.
django.conf.settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from sightline.runs.folder import RunFolder  # noqa: E402

PASSWORD = "a-long-and-quiet-word"


def plant_findings(run: Path) -> list[str]:
    """Write RUN/findings.csv: every third photo is called wrong. Returns those paths, the worst first."""
    samples = RunFolder(run).samples()
    classes = RunFolder(run).known_dataset().classes
    chosen = samples.iloc[::3]
    lines = ["path,check,score,flagged,label,suggested_label,twin,detail"]
    for place, (path, label) in enumerate(zip(chosen["path"], chosen["label"], strict=True)):
        other = classes[(classes.index(label) + 1) % len(classes)]
        score = round(0.99 - place / (len(chosen) * 1.2), 4)
        twin = samples["path"].iloc[1] if place == 0 else ""
        lines.append(f'{path},label,{score},True,{label},{other},{twin},"the network sees {other}"')
    lines.append(f"{samples['path'].iloc[1]},quality,0.2,False,{samples['label'].iloc[1]},,,rather dark")
    (run / "findings.csv").write_text("\n".join(lines) + "\n")
    return list(chosen["path"])


@pytest.fixture(scope="session")
def run(run_path: Path) -> Path:
    """The site's one run, with findings."""
    copy = WORK / "runs" / run_path.name
    shutil.copytree(run_path, copy, dirs_exist_ok=True)
    plant_findings(copy)
    return copy


@pytest.fixture(scope="session")
def tables() -> None:
    """The site's database, made."""
    call_command("migrate", verbosity=0)


@pytest.fixture
def db(tables: None) -> Iterator[None]:
    """The database, empty again afterwards."""
    from sightline.web.review import intake

    intake._taken.clear()
    yield
    call_command("flush", "--no-input", verbosity=0)


@pytest.fixture
def person(db: None) -> User:
    """A reviewer."""
    return User.objects.create_user("ada", password=PASSWORD)


@pytest.fixture
def other_models() -> Iterator[None]:
    """Models of other runs than the site's own may be loaded; they are forgotten afterwards."""
    from sightline.web.answering.service import desks

    yield
    for key in [key for key in desks()._desks if not key.startswith(str(WORK))]:
        desks()._desks.pop(key).batcher.close(patience=0)


@pytest.fixture
def visitor(db: None) -> Client:
    """A browser that nobody has signed in with; it must send CSRF tokens as a real one."""
    return Client(enforce_csrf_checks=False)


@pytest.fixture
def reviewer(person: User) -> Client:
    """A browser in which a reviewer has signed in."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client
