"""Private by default: what browsers keep, what answers tell, who may look into the site's folder."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError, UsageError
from sightline.runs.folder import RunFolder
from sightline.web.classify import store
from sightline.web.classify.models import Upload
from sightline.web.replies import disk_is_full, without_paths
from sightline.web.state import private_folder


@pytest.fixture
def closed_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and data are for those who signed in, as in production."""
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, open_pages=False))


def _photo(run: Path) -> SimpleUploadedFile:
    folder = RunFolder(run)
    file = folder.known_dataset().folder / folder.samples()["path"].iloc[0]
    return SimpleUploadedFile(file.name, file.read_bytes())


def test_nothing_private_is_kept(closed_site: None, run: Path, reviewer: Client) -> None:
    reviewer.post("/classify/one", {"photos": _photo(run)})
    own = Upload.objects.get()
    pages = ("/", "/runs/", f"/runs/{run.name}/", f"/runs/{run.name}/report", f"/data/{run.name}/", "/account/")
    pictures = (f"/data/{run.name}/0/thumb.jpg", f"/data/{run.name}/0/photo.jpg", f"/data/{run.name}/0/heat.jpg")
    uploads = (f"/classify/{own.id}.jpg", f"/classify/{own.id}/heat.jpg")
    api = ("/api/v1/runs", f"/api/v1/runs/{run.name}/findings", f"/api/v1/runs/{run.name}/decisions.csv")
    for path in (*pages, *pictures, *uploads, *api, f"/review/{run.name}/", f"/review/{run.name}/decisions.csv"):
        answer = reviewer.get(path)
        assert answer.status_code == 200, path
        assert answer["Cache-Control"] == "private, no-store", path
    assert Client().get("/runs/")["Cache-Control"] == "private, no-store"
    style = reviewer.get("/static/site/site.css")
    style.close()
    assert style.status_code == 200 and "no-store" not in style["Cache-Control"]


def test_on_this_machine_the_datasets_pictures_are_kept_and_a_visitors_are_not(
    run: Path, db: None, visitor: Client
) -> None:
    assert "immutable" in visitor.get(f"/data/{run.name}/0/thumb.jpg")["Cache-Control"]
    visitor.post("/classify/one", {"photos": _photo(run)})
    assert visitor.get(f"/classify/{Upload.objects.get().id}.jpg")["Cache-Control"] == "private, no-store"


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE(private_folder(tmp_path / "a" / "state").stat().st_mode) == 0o700
    earlier = tmp_path / "earlier"
    earlier.mkdir(mode=0o755)
    earlier.chmod(0o755)
    (earlier / "site.sqlite3").touch()
    assert stat.S_IMODE(private_folder(earlier).stat().st_mode) == 0o700


def test_what_visitors_sent_is_no_data(tmp_path: Path, scenes: Path) -> None:
    """The site keeps its own in the folder of runs, which may well lie in the folder of photos."""
    for label in ("sea", "forest"):
        (tmp_path / label).symlink_to(scenes / label)
    state = private_folder(tmp_path / "runs" / "site")
    (state / "uploads").mkdir()
    shutil.copy(next((scenes / "sea").iterdir()), state / "uploads" / "a.jpg")
    assert open_dataset(tmp_path).classes == ("forest", "sea")
    assert private_folder(state) == state


def test_somebody_elses_folder_is_not_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    tmp_path.chmod(0o755)
    with pytest.raises(UsageError, match="--state"):
        private_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(SightlineError, match="--state"):
        private_folder(tmp_path / "state")


def test_nobody_else_reads_the_database(run: Path, tmp_path: Path) -> None:
    """Seen from outside: a site is set up under a wide-open umask."""
    state = tmp_path / "state"
    environment = {**os.environ, "SIGHTLINE_STATE": str(state), "SIGHTLINE_ADMIN_PASSWORD": "a-long-and-quiet-word"}
    command = [sys.executable, "-m", "sightline", "serve", str(run), "--create-admin", "ada"]
    script = "import os, subprocess, sys; os.umask(0); sys.exit(subprocess.call(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", script, *command], env=environment, check=True, timeout=280)
    assert (state / "site.sqlite3").is_file()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{runs}/a/model/config.json: is damaged.", "a/model/config.json: is damaged."),
        ("{state}/uploads/db/84.jpg: the disk is full.", "uploads/db/84.jpg: the disk is full."),
        ("/srv/ada/My photos/cat.jpg: is not there", "cat.jpg: is not there"),
        ("cannot open '/srv/x/model.safetensors' (13)", "cannot open 'model.safetensors' (13)"),
        ("Send 1/2 of it, or see https://example.org/a/b.", "Send 1/2 of it, or see https://example.org/a/b."),
        ("This address, /api/v1, is not one.", "This address, v1, is not one."),
    ],
)
def test_no_answer_names_a_folder_of_the_server(text: str, said: str) -> None:
    options = settings.SIGHTLINE
    assert without_paths(text.format(runs=options.runs, state=options.state)) == said


_FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "error",
    [
        _FULL,
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OperationalError("database or disk is full"),
        OperationalError("disk I/O error"),
        OperationalError('could not extend file "base/1/2": No space left on device'),
    ],
)
def test_a_full_disk_is_known_by_whatever_name(error: Exception) -> None:
    assert disk_is_full(error)
    with suppress(SightlineError):
        raise SightlineError("it cannot be written") from error
    wrapped = SightlineError("it cannot be written")
    wrapped.__cause__ = error
    assert disk_is_full(wrapped) and not disk_is_full(OSError(errno.EACCES, "no"))


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(path: Path, content: bytes) -> None:
        raise SightlineError(f"{path}: the disk is full. Free some space, then run the command again.") from _FULL

    monkeypatch.setattr(store, "write_bytes", full)
    yield


@pytest.mark.parametrize("address", ["/classify/one", "/classify/"])
def test_a_full_disk_is_507_and_a_line_in_the_log(
    address: str, full_disk: None, run: Path, db: None, visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = visitor.post(address, {"photos": _photo(run)})
    assert answer.status_code == 507 and b"run the command" not in answer.content
    assert str(settings.SIGHTLINE.state).encode() not in answer.content
    assert not Upload.objects.exists()
    assert any(str(settings.SIGHTLINE.state) in record.getMessage() for record in caplog.records)


def test_a_database_that_is_full_leaves_no_copy(
    run: Path, db: None, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(Upload, "save", full)
    before = set((settings.SIGHTLINE.state / "uploads").rglob("*.jpg"))
    assert visitor.post("/classify/one", {"photos": _photo(run)}).status_code == 507
    assert set((settings.SIGHTLINE.state / "uploads").rglob("*.jpg")) == before


def test_a_decision_that_cannot_be_written_is_507(run: Path, reviewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from sightline.web.review import claims

    def full(*_: object, **__: object) -> None:
        raise OperationalError("database or disk is full")

    reviewer.get(f"/review/{run.name}/")
    monkeypatch.setattr(claims, "decide", full)
    answer = reviewer.post(f"/review/{run.name}/act", {"action": "keep", "item": "1"})
    assert answer.status_code == 507
    assert reviewer.post(
        f"/api/v1/runs/{run.name}/queue/1", {"decision": "keep"}, content_type="application/json"
    ).status_code in (403, 507)
