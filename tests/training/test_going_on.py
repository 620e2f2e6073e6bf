"""An interrupted run goes on with other epochs, another limit, another device, where that is possible."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import sightline
from sightline.config import Config, Phase
from sightline.errors import UsageError
from sightline.runs.folder import RunFolder
from sightline.runs.machine import settle
from sightline.tasks import train as task
from sightline.training import going_on


class _Enough(Exception):
    """Stands for a kill."""


@pytest.fixture(scope="module")
def stopped(once: Callable[[str, Callable[[Path], object]], Path], scenes: Path, quick: dict) -> Path:
    """A run whose first epoch of three is finished, and some steps of the second. Look, do not touch."""

    def make(folder: Path) -> None:
        def stop(run: Path, _: object) -> None:
            if len(RunFolder(run).metrics()) == 1:
                raise _Enough

        with pytest.raises(_Enough):
            sightline.train(scenes, out=folder / "run", on_step=stop, **quick)

    return once("stopped-run", make) / "run"


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped, tmp_path / "run"))


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_other_epochs_are_learned_and_recorded(run: Path, epochs: int) -> None:
    went_on = task.resume(run, epochs=epochs)
    assert went_on.folder.config().phases[-1].epochs == epochs
    assert list(went_on.metrics["epoch"]) == list(range(1, epochs + 1))


def test_fewer_epochs_than_are_done_are_refused_and_nothing_is_recorded(run: Path) -> None:
    before = (run / "config.yaml").read_text()
    with pytest.raises(UsageError, match=r"^--epochs 0: .* has learned for 1 already\. Give that or more\.$"):
        task.resume(run, epochs=0)
    with pytest.raises(UsageError, match=r"^--epochs -1: "):
        task.resume(run, epochs=-1)
    with pytest.raises(UsageError, match=r"^--device nosuch: "):
        task.resume(run, device="nosuch")
    with pytest.raises(UsageError, match=r"^--time-limit soon: "):
        task.resume(run, time_limit="soon")
    assert (run / "config.yaml").read_text() == before


def test_a_time_limit_ends_the_learning_and_is_recorded(run: Path) -> None:
    went_on = task.resume(run, time_limit=0.001)
    assert went_on.folder.config().time_limit == 0.001
    assert len(went_on.metrics) == 1


def test_another_device_is_settled_for_and_recorded(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run claims to come from an accelerator, as one that was moved to a smaller machine does."""
    folder = RunFolder(run)
    config = folder.config()
    assert config.machine is not None
    there = config.machine.model_copy(update={"device": "cuda:7", "precision": "bfloat16"})
    folder.write_config(config.model_copy(update={"device": "cuda:7", "machine": there}))
    asked = []
    monkeypatch.setattr(task, "settle", lambda *given: asked.append(given[2].shape) or settle(*given))
    went_on = task.resume(run, device="cpu", epochs=1).folder.config()
    assert asked[0][1:] == (48, 48, 3)
    assert went_on.device == "cpu"
    assert went_on.machine is not None and went_on.machine.device == "cpu"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (Config(folds=3), "folds of a run must all learn alike"),
        (Config(phases=[Phase(train="head", solver="lbfgs")]), "only fits a head"),
    ],
)
def test_epochs_where_there_are_none_to_change(config: Config, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        going_on.changed(config, {"epochs": 3}, RunFolder(tmp_path), SimpleNamespace())  # type: ignore[arg-type]


def test_epochs_of_a_run_that_has_learned_are_too_late(run_path: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(run_path, tmp_path / "run"))
    (run / "report.html").unlink()
    with pytest.raises(UsageError, match="has finished its epochs"):
        task.resume(run, epochs=9)
