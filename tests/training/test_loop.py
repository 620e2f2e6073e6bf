"""Training learns, repeats exactly, and goes on exactly after being killed anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

import sightline
import sightline.tasks.train
from sightline.errors import SightlineError
from sightline.runs.columns import METRICS, STEPS
from sightline.runs.folder import RunFolder
from sightline.training import loop

# A run in a process of its own, with a wound at a chosen place. {wound} is put in before the training starts.
SCRIPT = """
import os, signal, sys
import sightline
from sightline.training import checkpoint, finish, loop

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

on_step = None
{wound}
sightline.train(sys.argv[1], out=sys.argv[2], on_step=on_step, **{quick!r})
"""

WOUNDS = {
    "before the first checkpoint": """
        def on_step(run, row):
            if row["step"] == 2: die()
    """,
    "in the middle of an epoch": """
        loop.SECONDS_BETWEEN_CHECKPOINTS = 0.0
        def on_step(run, row):
            if row["step"] == 7: die()
    """,
    "in the middle of a checkpoint's write": """
        true_save, count = checkpoint.save_file, []
        def save(tensors, path, metadata):
            true_save(tensors, path, metadata)
            count.append(1)
            if len(count) == 2:
                with open(path, "r+b") as file: file.truncate(1000)
                die()
        checkpoint.save_file = save
    """,
    "after the last epoch": """
        finish.calibrate = die
    """,
}


def weights(run: Path) -> dict:
    return load_file(run / "model" / "model.safetensors")


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


def in_a_process(quick: dict, wound: str, data: Path, out: Path) -> int:
    script = SCRIPT.format(wound=textwrap.dedent(wound), quick=quick)
    return subprocess.run(
        [sys.executable, "-c", script, str(data), str(out)], capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("place", WOUNDS)
def test_a_killed_run_goes_on_to_the_same_weights(
    place: str, scenes: Path, run_path: Path, quick: dict, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert in_a_process(quick, WOUNDS[place], scenes, out) == -signal.SIGKILL
    assert RunFolder(out).status == "interrupted"
    run = sightline.tasks.train.resume(out)
    assert same(weights(out), weights(run_path))
    whole = RunFolder(run_path)
    pd.testing.assert_frame_equal(run.folder.steps(), whole.steps())
    timeless = [column for column in METRICS if column not in ("seconds", "images_per_second")]
    pd.testing.assert_frame_equal(run.metrics[timeless], whole.metrics()[timeless])
    pd.testing.assert_frame_equal(run.predictions, whole.predictions())
    assert run.evaluation.test_opened == 1
    assert not run.folder.checkpoint.exists()


def test_ctrl_c_keeps_everything_and_says_how_to_go_on(
    scenes: Path, run_path: Path, quick: dict, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    script = SCRIPT.format(wound="", quick=quick)
    process = subprocess.Popen([sys.executable, "-c", script, str(scenes), str(out)], stderr=subprocess.PIPE, text=True)
    while not (out / "checkpoint").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    if RunFolder(out).status != "complete":  # it may have been through already
        assert f"sightline train --resume {out}" in error
    sightline.tasks.train.resume(out)
    assert same(weights(out), weights(run_path))


def test_a_complete_run_is_left_alone(run_path: Path) -> None:
    before = (run_path / "report.html").stat().st_mtime_ns
    assert sightline.tasks.train.resume(run_path).evaluation.n > 0
    assert (run_path / "report.html").stat().st_mtime_ns == before


def test_the_same_config_gives_the_same_weights(run_path: Path, quick: dict, tmp_path: Path) -> None:
    again = sightline.train(recipe=str(run_path / "config.yaml"), out=tmp_path / "again")
    assert same(weights(again.path), weights(run_path))
    other = sightline.train(recipe=str(run_path / "config.yaml"), out=tmp_path / "other", seed=5)
    assert not same(weights(other.path), weights(run_path))
    # The seed moves the training, never the split.
    pd.testing.assert_frame_equal(other.folder.samples(), RunFolder(run_path).samples())


def test_what_is_written_is_what_happened(run_path: Path) -> None:
    run = RunFolder(run_path)
    metrics, steps = run.metrics(), run.steps()
    assert list(metrics.columns) == METRICS
    assert list(steps.columns) == STEPS
    assert list(metrics["epoch"]) == [1, 2, 3]
    assert list(steps["step"]) == list(range(1, len(steps) + 1))
    assert steps["lr_max"].max() <= run.config().phases[0].lr * 1.0001
    assert metrics["train_loss"].iloc[-1] < metrics["train_loss"].iloc[0]


def test_the_best_epoch_on_val_is_what_remains(run_path: Path) -> None:
    run = sightline.tasks.train.Run(run_path)
    val = run.predictions.query("split == 'val'")
    accuracy = float((val["label"] == val["predicted"]).mean())
    # The mirror image is averaged in, so a photo or two may differ from the epoch's own figure.
    assert abs(accuracy - run.metrics["val_accuracy"].max()) <= 4 / len(val)


def test_a_loss_that_is_no_number_stops_with_advice(scenes: Path, quick: dict, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="--lr"):
        sightline.train(scenes, out=tmp_path / "run", **{**quick, "lr": 1e9, "set": ("clip_norm=0", "optimizer=sgd")})


@pytest.mark.parametrize(
    "choices",
    [
        ("optimizer=sgd", "phases.0.schedule=step-decay", "phases.0.decay=1e-7", "clip_value=0.1"),
        ("optimizer=adam", "phases.0.schedule=cyclical", "sampling=balanced"),
        ("class_weights=balanced", "mixup=0.2", "cutmix=0.5", "freeze_norm=true"),
        ("phases.0.train=last:2", "phases.0.schedule=constant", "augment=none", "patience=1"),
    ],
)
def test_every_choice_trains(choices: tuple[str, ...], scenes: Path, quick: dict, tmp_path: Path) -> None:
    options = {**quick, "epochs": 1, "set": ("robustness_seconds=0", *choices)}
    run = sightline.train(scenes, out=tmp_path / "run", **options)
    assert np.isfinite(run.metrics["train_loss"]).all()


def test_frozen_layers_stay_as_they_were(scenes: Path, quick: dict, tmp_path: Path) -> None:
    options = {**quick, "epochs": 1, "set": ("robustness_seconds=0", "phases.0.train=head", "keep_checkpoint=true")}
    run = sightline.train(scenes, out=tmp_path / "run", **options)
    import torch

    from sightline.models import zoo

    torch.manual_seed(options["seed"])
    start = zoo.build("resnet9_lean", classes=run.evaluation.classes, scratch=True, size=48).module.state_dict()
    changed = {name for name, tensor in weights(run.path).items() if not tensor.equal(start[name])}
    head = {name for name in changed if name.startswith(("head", "classifier", "fc"))}
    assert changed
    assert changed == head, "batch norm's statistics too"


@pytest.fixture
def on_features(scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Trains a network that has weights on 24 of 180 photos; says how many its engine had to look at."""
    from safetensors.torch import save_file

    from sightline.config import Config, Machine, Phase
    from sightline.data.preflight import preflight
    from sightline.data.reading.sources import open_dataset
    from sightline.models import engines, zoo
    from sightline.runs.prepare import Data

    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    made = zoo.build("resnet18", classes="ab", scratch=True, size=48)
    save_file(made.module.state_dict(), tmp_path / "w.safetensors")
    dataset, pixels = preflight(open_dataset(scenes), 48)
    rows = np.concatenate([np.arange(12), np.arange(60, 72)])
    labels = (np.arange(180) >= 60).astype(np.int64)
    machine = Machine(
        device="cpu", precision="float32", channels_last=False, engine="eager", threads=1, evaluation_batch=8
    )

    def train(name: str, phases: list[Phase], held: slice) -> int:
        network = zoo.build("resnet18", classes="ab", weights=tmp_path / "w.safetensors", size=48)
        engine, seen = engines.make("eager", network, batch=8), []
        inner = engine.run
        engine.run = lambda batch: (seen.append(len(batch)), inner(batch))[1]
        data = Data(pixels, labels, list(dataset.samples["digest"]), np.setdiff1d(rows, rows[held]), rows[held])
        loop.train(network, Config(phases=phases), machine, data, RunFolder(tmp_path / name), engine)
        return sum(seen)

    return train


def test_frozen_features_are_computed_once_for_all_folds(on_features: Callable[..., int]) -> None:
    from sightline.config import Phase

    head = [Phase(name="head", train="head", solver="lbfgs")]
    assert on_features("fold 1", head, slice(0, None, 3)) == 180
    assert on_features("fold 2", head, slice(1, None, 3)) == 0


def test_features_of_a_network_that_has_learned_are_not_kept_as_its_first_ones(
    on_features: Callable[..., int], tmp_path: Path
) -> None:
    from sightline.config import Phase

    head = Phase(name="head", train="head", solver="lbfgs")
    assert on_features("run", [Phase(epochs=1), head], slice(0, None, 3)) == 180
    assert not list((tmp_path / "cache" / "features").glob("*"))


def test_two_processes_cannot_work_on_one_run(scenes: Path, quick: dict, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert in_a_process(quick, WOUNDS["before the first checkpoint"], scenes, out) != 0
    with RunFolder(out).hold(), pytest.raises(SightlineError, match="another process"):
        sightline.tasks.train.resume(out)
    assert os.path.isdir(out)
