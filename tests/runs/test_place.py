"""A run's folder as a place: taken or free, failed or interrupted, removed without taking anything of anyone's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.config import Config
from sightline.errors import SightlineError, UsageError
from sightline.runs.folder import RunFolder


def test_a_failure_is_kept_until_it_is_taken_back(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    run.write_config(Config())
    run.write_failure("the photos are gone")
    assert (run.status, run.failure) == ("failed", "the photos are gone")
    with pytest.raises(SightlineError, match=f"failed: the photos are gone\n.*--resume {run.path}$"):
        run.known_evaluation()
    run.write_failure("")
    assert (run.status, run.failure) == ("interrupted", "")


def test_a_failure_of_a_handed_run_is_read_with_care(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    (run.path / "failed.txt").write_bytes(b"\xff" * 100)
    assert run.failure
    (run.path / "failed.txt").write_bytes(b"x" * (1 << 20))
    assert run.failure == ""
    (run.path / "failed.txt").unlink()
    (run.path / "failed.txt").symlink_to("/dev/zero")
    assert run.failure == ""


def test_what_came_to_nothing_is_removed_with_its_folder(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    run.write_config(Config())
    run.log("x")
    with run.hold():
        run.remove()
    assert not run.path.exists()


@pytest.mark.parametrize("before", [True, False])
def test_removing_leaves_what_is_not_the_runs(tmp_path: Path, before: bool) -> None:
    if before:
        (tmp_path / "run").mkdir()
    run = RunFolder.create(tmp_path / "run")
    run.write_config(Config())
    if not before:
        (run.path / "mine.txt").write_text("x")
    run.remove()
    assert [entry.name for entry in run.path.iterdir()] == ([] if before else ["mine.txt"])


def test_a_place_is_asked_for_before_the_work(tmp_path: Path) -> None:
    RunFolder.require_free(tmp_path / "new" / "deep")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        RunFolder.require_free(tmp_path)
    with pytest.raises(SightlineError, match="cannot be written"):
        RunFolder.require_free(tmp_path / "x" / "run")
