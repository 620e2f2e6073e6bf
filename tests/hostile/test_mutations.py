"""Every file of a run folder, spoiled at random: a plain error or the old answer, whatever is asked of the folder.

`make prove` does it two thousand times, and holds each to 20 seconds and the whole to 2 GB.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from hostile_mutations import spoil
from hostile_run import sightline, vouch
from hostile_search import FEW, Try, search_far
from sightline.errors import SightlineError
from sightline.judging.assess import assess
from sightline.judging.compare import compare
from sightline.release import model_card
from sightline.report import run_report
from sightline.runs.folder import RunFolder
from sightline.tasks.train import train
from sightline.training import checkpoint

MODEL = ("model/config.json", "model/sightline.json", "model/model.safetensors", "model/familiarity.safetensors")
REST = (
    "config.yaml", "dataset.json", "samples.parquet", "problems.csv", "metrics.csv", "steps.csv", "predictions.parquet",
    "evaluation.json", "extras/trust.json", "extras/intervals.json", "extras/calibration.json",
    "extras/conformal.json", "extras/familiarity.json", "extras/slices.json", "extras/model.json",
    "extras/neighbours.json", "extras/explanations.json", "report.html", "log.txt", ".sightline", ".lock",
    "model/README.md", *MODEL,
)  # fmt: skip
STARTED = ("checkpoint/state.safetensors",) * 6 + (
    "config.yaml", "dataset.json", "samples.parquet", "problems.csv", "metrics.csv", "steps.csv", "log.txt",
)  # fmt: skip


@contextlib.contextmanager
def spoiled(run: Path, name: str, data: st.DataObject) -> Iterator[Path]:
    """A copy of a run with one file spoiled."""
    with tempfile.TemporaryDirectory(prefix="sightline-hostile-") as place:
        copy = Path(place) / "run"
        shutil.copytree(run, copy)
        if (copy / name).is_file():
            note(data.draw(st.composite(spoil)(copy / name), label="damage"))
        yield copy


def ask_the_model(run: Path, photo: Path, expected: str, data: st.DataObject) -> None:
    """`predict` on a model folder with one file spoiled: the answer of the good one, or none."""
    name = data.draw(st.sampled_from(MODEL), label="file")
    with spoiled(run, name, data) as copy:
        agreed = data.draw(st.booleans(), label="digests made to agree")
        if agreed:
            with contextlib.suppress(Exception):  # where sightline.json itself is past reading
                vouch(copy / "model")
        found = sightline("predict", copy, photo)
        assert found.is_plain, found
        if found.code == 0 and not agreed:
            assert found.out == expected, "an answer from a model that was changed"


def read_the_run(run: Path, photo: Path, data: st.DataObject) -> None:
    """Everything that reads a run folder, with one file spoiled."""
    name = data.draw(st.sampled_from(REST), label="file")
    with spoiled(run, name, data) as copy:
        folder = RunFolder(copy)
        for read in (
            folder.config, folder.problems, folder.steps, lambda: compare([RunFolder(run), folder], draws=20),
            lambda: run_report.render(folder), lambda: str(model_card.card(folder)), lambda: assess(folder),
            lambda: RunFolder.all_in(copy.parent), lambda: folder.status,
        ):  # fmt: skip
            try:
                read()
            except SightlineError as error:
                assert str(error).strip() and str(error).count("\n") <= 1
                assert len(str(error)) < 1500
        command = data.draw(st.sampled_from(["explain", "resume", "predict"]), label="command")
        asked = {
            "explain": ("explain", copy, photo, "--out", copy.parent / "why"),
            "resume": ("train", "--resume", copy),
            "predict": ("predict", copy, photo),
        }[command]
        if command == "resume" and not (copy / "report.html").exists():
            return
        found = sightline(*asked)
        assert found.is_plain, found


def go_on(run: Path, weights: bytes, data: st.DataObject) -> None:
    """`train --resume` of an interrupted run with one file spoiled."""
    name = data.draw(st.sampled_from(STARTED), label="file")
    with spoiled(run, name, data) as copy:
        damaged = (copy / "checkpoint" / checkpoint.NAME).is_file() and checkpoint_agrees(copy) is False
        found = sightline("train", "--resume", copy)
        assert found.is_plain, found
        if damaged:
            assert found.code != 0, "gone on with from a checkpoint that was changed"
        elif found.code == 0 and name.endswith((".csv", ".txt")):
            assert (copy / "model" / "model.safetensors").read_bytes() == weights


def checkpoint_agrees(run: Path) -> bool:
    """Whether a checkpoint is as it was written."""
    try:
        return checkpoint.load(run / "checkpoint") is not None
    except SightlineError:
        return False


@pytest.fixture(scope="module")
def started(once: Callable[[str, Callable[[Path], object]], Path], scenes: Path, quick: dict) -> Path:
    """A run that was stopped in its last epoch."""

    def stop(run: Path, row: dict) -> None:
        if row["step"] == 7:
            os.kill(os.getpid(), signal.SIGINT)

    def make(folder: Path) -> None:
        with pytest.raises(SightlineError, match="Stopped"):
            train(scenes, out=folder / "run", on_step=stop, **{**quick, "epochs": 2})

    return once("started", make) / "run"


@pytest.fixture(scope="module")
def finished(started: Path, once: Callable[[str, Callable[[Path], object]], Path]) -> bytes:
    """The weights that the stopped run comes to."""

    def make(folder: Path) -> None:
        shutil.copytree(started, folder / "run")
        assert sightline("train", "--resume", folder / "run").code == 0

    return (once("finished", make) / "run" / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def photo(scenes: Path) -> Path:
    return next((scenes / "sea").iterdir())


@pytest.fixture(scope="module")
def expected(run_path: Path, photo: Path) -> str:
    return sightline("predict", run_path, photo).out


@settings(FEW, max_examples=30)
@given(data=st.data())
def test_a_model_folder_spoiled(run_path: Path, photo: Path, expected: str, data: st.DataObject) -> None:
    ask_the_model(run_path, photo, expected, data)


@settings(FEW, max_examples=30)
@given(data=st.data())
def test_a_run_folder_spoiled(run_path: Path, photo: Path, data: st.DataObject) -> None:
    read_the_run(run_path, photo, data)


@settings(FEW, max_examples=10)  # each goes on with a training
@given(data=st.data())
def test_a_checkpoint_spoiled(started: Path, finished: bytes, data: st.DataObject) -> None:
    go_on(started, finished, data)


def test_every_file_of_a_run_is_spoiled(run_path: Path, started: Path) -> None:
    """What a run folder gains must stand in the lists above."""
    files = {str(path.relative_to(run)) for run in (run_path, started) for path in run.rglob("*") if path.is_file()}
    assert files == {*MODEL, *REST, *STARTED}


@pytest.mark.prove
@pytest.mark.timeout(36_000)
@pytest.mark.parametrize("what", ["model", "run", "started"])
def test_two_thousand_mutations(
    run_path: Path, photo: Path, expected: str, started: Path, finished: bytes, what: str
) -> None:
    ways: dict[str, Try] = {
        "model": partial(ask_the_model, run_path, photo, expected),
        "run": partial(read_the_run, run_path, photo),
        "started": partial(go_on, started, finished),
    }
    search_far(f"the {what}", ways[what])
