"""Frozen layers run by an engine teach the same as in the step, from fresh views and from kept ones, killed or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import sightline
from sightline.config import Config, Machine, Phase
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.errors import Interrupted
from sightline.models import zoo
from sightline.models.freezing import freeze
from sightline.runs.prepare import Data
from sightline.runs.run import Run
from sightline.system import cache
from sightline.tasks.train import resume
from sightline.training import halves, kept
from sightline.training.batches import Preparation, generator


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "w.safetensors"
    save_file(zoo.build("resnet18", classes="abc", scratch=True, size=48).module.state_dict(), path)
    return path


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


MACHINE = Machine(device="cpu", precision="float32", channels_last=True, engine="eager", threads=1, evaluation_batch=8)


def feeding(scenes: Path, weights: Path, machine: Machine, **options: object) -> tuple[halves.Feed, Data]:
    phase = Phase(train="last:30%", views=int(str(options.pop("views", 0))))
    config = Config(phases=[phase], **{"batch_size": 6, **options})
    network = zoo.build("resnet18", classes="abc", weights=weights, size=48)
    dataset, pixels = preflight(open_dataset(scenes), 48)
    labels = np.arange(180) // 60
    data = Data(pixels, labels, list(dataset.samples["digest"]), np.arange(0, 180, 9), np.arange(1, 180, 12))
    freeze(network.module, phase.train)
    network.module.eval()
    prepare = Preparation(network, config, data, "cpu")
    return halves.feed(network, machine, prepare, 0), data


def frozen(engine: str = "eager") -> Machine:
    return MACHINE.model_copy(update={"frozen": engine, "frozen_batch": 8})


def assert_near(half: halves.Feed, given: torch.Tensor, images: torch.Tensor) -> None:
    """What the frozen layers hand on is right within the rounding of 8 bits, of views and of what is kept."""
    assert isinstance(half, halves.Halves)
    with torch.no_grad():
        expected = half.halves.before.module.forward_features(images)
    assert given.shape == expected.shape
    assert (given - expected).norm() < 0.01 * expected.norm()


def test_both_ways_answer_alike(scenes: Path, weights: Path, own: Path) -> None:
    whole, data = feeding(scenes, weights, MACHINE)
    half, _ = feeding(scenes, weights, frozen())
    assert isinstance(whole, halves.Whole)
    assert isinstance(half, halves.Halves)
    for rows in (data.val[3:9], data.val):
        assert_near(half, half.plain(rows), whole.plain(rows))
    for epoch in (0, 1):
        rows = data.train[[7, 0, 12]]
        given, targets = half.lesson(rows, epoch, generator(0, 0, epoch, 3))
        images, same = whole.lesson(rows, epoch, generator(0, 0, epoch, 3))
        assert torch.equal(targets, same)
        assert_near(half, given, images)
    with torch.no_grad():
        assert torch.equal(half.logits(given), half.halves.after(given))


def test_kept_views_are_seen_again_in_turn_and_by_the_next_run(scenes: Path, weights: Path, own: Path) -> None:
    half, data = feeding(scenes, weights, frozen(), views=2)
    rows = data.train[[5, 19, 2]]
    seen = [half.lesson(rows, epoch, generator(0, 0, epoch, 0))[0] for epoch in range(4)]
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[1], seen[3])
    assert not torch.equal(seen[0], seen[1])
    again = half.lesson(rows[::-1].copy(), 0, generator(0, 0, 0, 9))[0]
    assert torch.equal(again.flip(0), seen[0]), "a view belongs to its photo, wherever it stands in a batch"
    files = {path.name: path.stat().st_mtime_ns for path in (own / "views").iterdir()}
    assert len(files) == 3  # two views, and val
    other, _ = feeding(scenes, weights, frozen(), views=2)
    assert torch.equal(other.lesson(rows, 0, generator(0, 0, 0, 0))[0], seen[0])
    assert files.keys() == {path.name for path in (own / "views").iterdir()}


@pytest.mark.parametrize("change", [{"seed": 1}, {"augment": "none"}, {"batch_size": 5}])
def test_what_views_depend_on_makes_others(scenes: Path, weights: Path, own: Path, change: dict) -> None:
    for options in ({}, change):
        half, data = feeding(scenes, weights, frozen(), views=1, **options)
        half.lesson(data.train[:2], 0, generator(0, 0, 0, 0))
    assert len(list((own / "views").iterdir())) == 3  # val is the same


def test_where_there_is_no_room_every_epoch_has_new_views(
    scenes: Path, weights: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_SHARE", 1e-9)
    half, data = feeding(scenes, weights, frozen(), views=1)
    first, second = (half.lesson(data.train[:3], epoch, generator(0, 0, epoch, 0))[0] for epoch in (0, 1))
    assert not torch.equal(first, second)
    assert not list(cache.folder("views").iterdir())
    roomy, _ = feeding(scenes, weights, MACHINE)
    assert_near(half, half.plain(data.val), roomy.plain(data.val))


def test_mixed_photos_are_never_kept(scenes: Path, weights: Path, own: Path) -> None:
    half, data = feeding(scenes, weights, frozen(), views=1, mixup=0.4)
    _, targets = half.lesson(data.train[::4], 0, generator(0, 0, 0, 0))
    assert ((targets > 0).sum(1) > 1).any()
    assert len(list((own / "views").iterdir())) == 1  # val


@pytest.mark.parametrize("views", [pytest.param(0, marks=pytest.mark.prove), 2])
def test_a_run_stopped_in_an_epoch_goes_on_to_the_same_weights(
    scenes: Path, weights: Path, own: Path, tmp_path: Path, views: int
) -> None:
    machine = frozen().model_dump()

    def train(out: Path, **more: object) -> Run:
        return sightline.train(
            scenes, out=out, weights=weights, model="resnet18", img_size=48, recipe="default", epochs=3,
            set=("robustness_seconds=0", "phases.1.train=last:30%", f"phases.1.views={views}", "keep_checkpoint=true"),
            machine=machine, **more,
        )  # fmt: skip

    whole = train(tmp_path / "whole")
    steps: list[int] = []

    def stop(_: Path, __: dict) -> None:
        steps.append(1)
        if len(steps) == 6:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, Interrupted)):
        train(tmp_path / "stopped", on_step=stop)
    again = resume(tmp_path / "stopped")
    first, second = (load_file(run.path / "model" / "model.safetensors") for run in (whole, again))
    assert all(first[name].equal(second[name]) for name in first)
