"""On an accelerator: the same job gives a whole run, and its model answers as it does on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sightline

pytestmark = pytest.mark.gpu

# Half precision may be chosen for training there; two answers to one photo then differ by up to this.
CLOSE = 1e-2


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, scenes: Path, quick: dict, device: str) -> sightline.Run:
    return sightline.train(scenes, out=tmp_path_factory.mktemp("gpu") / "run", device=device, **quick)


def test_a_run_is_whole_and_was_trained_there(trained: sightline.Run, device: str) -> None:
    assert trained.folder.status == "complete"
    machine = trained.folder.config().machine
    assert machine is not None and machine.device == device
    assert trained.report.is_file()
    assert 0 <= trained.evaluation.accuracy <= 1
    assert trained.metrics["train_loss"].iloc[-1] < trained.metrics["train_loss"].iloc[0]


def test_the_cpu_gives_the_same_answers(trained: sightline.Run, scenes: Path, device: str) -> None:
    photos = sorted(scenes.glob("*/*.jpg"))[::9]
    there = sightline.Predictor.load(trained.folder.model, device=device).predict(photos)
    here = sightline.Predictor.load(trained.folder.model, device="cpu").predict(photos)
    chances = [name for name in here.columns if name.startswith("p_")]
    assert np.abs(there[chances].to_numpy() - here[chances].to_numpy()).max() <= CLOSE
    sure = here["confidence"] > 0.5 + CLOSE
    assert (there["predicted"] == here["predicted"])[sure].all()


def test_a_photo_is_no_stranger_because_of_the_device(trained: sightline.Run, scenes: Path, device: str) -> None:
    photos = sorted(scenes.glob("*/*.jpg"))[::9]
    there = sightline.Predictor.load(trained.folder.model, device=device).predict(photos)
    here = sightline.Predictor.load(trained.folder.model, device="cpu").predict(photos)
    assert (there["familiar"] == here["familiar"]).mean() >= 0.9
