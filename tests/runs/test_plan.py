"""What a run settles before it starts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import sightline
from sightline import recipes
from sightline.data.glimpse import sample_pixels
from sightline.data.reading.sources import open_dataset
from sightline.errors import UsageError
from sightline.runs import plan
from sightline.runs.machine import settle


@pytest.fixture(scope="module")
def dataset(scenes: Path):
    return open_dataset(scenes)


def settled(dataset, **options: object):
    made = recipes.resolve("demo-scratch", {"img_size": 48, **options})
    network = plan.build_network(made, dataset.classes, 48)
    sample = sample_pixels(dataset, 48)
    return made, network, settle(made, network, sample, 180)[1], sample


def test_photos_decide_the_size_from_scratch(dataset) -> None:
    assert plan.image_size(recipes.resolve("demo-scratch", {"img_size": None}, ["img_size=null"]), dataset) == 64
    assert plan.image_size(recipes.resolve("demo-scratch", {"img_size": 50}), dataset) == 50
    assert plan.image_size(recipes.resolve("default", {}, ["img_size=null"]), dataset) is None


def test_a_config_that_knows_its_machine_is_not_tuned_again(dataset) -> None:
    made, network, machine, sample = settled(dataset)
    odd = machine.model_copy(update={"engine": "eager", "evaluation_batch": 3})
    config_with_it = made.model_copy(update={"machine": odd})
    assert settle(config_with_it, network, sample, 180) == (config_with_it, odd)
    filled, settled_to = settle(made, network, sample, 180)
    assert filled.machine == settled_to


def test_a_long_limit_changes_nothing_and_a_short_one_shortens(dataset) -> None:
    made, network, machine, sample = settled(dataset)
    plenty = made.model_copy(update={"time_limit": 1e6})
    assert plan.fit_to_time(plenty, network, machine, sample, 180) == plenty
    many = made.model_copy(
        update={"time_limit": 60.0, "phases": [made.phases[0].model_copy(update={"epochs": 10_000})]}
    )
    shorter = plan.fit_to_time(many, network, machine, sample, 1000)
    assert 1 <= shorter.epochs < 10_000
    with pytest.raises(UsageError, match="--time-limit"):
        plan.fit_to_time(made.model_copy(update={"time_limit": 0.01}), network, machine, sample, 100_000)


def test_a_limit_is_shared_out_to_the_folds(dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    made, network, machine, sample = settled(dataset)
    monkeypatch.setattr(plan, "images_per_second", lambda *_: (100.0, 300.0))
    many = made.model_copy(
        update={"time_limit": 1000.0, "phases": [made.phases[0].model_copy(update={"epochs": 10_000})]}
    )

    def epochs(**options: object) -> int:
        return plan.fit_to_time(many.model_copy(update=options), network, machine, sample, 1000).epochs

    alone, folded, joined = epochs(), epochs(folds=5), epochs(folds=5, ensemble=True)
    assert alone == 120  # (850 s - 1,000 photos · 2.2 / 300) / (1,000 photos · 0.7 / 100), for two views
    assert folded == 20  # an epoch of the folds and of the network after them costs 4 · 0.85 + 0.7 times the photos
    assert folded < joined < alone / 4


def test_a_limited_run_ends_evaluated_and_in_time(scenes: Path, quick: dict, tmp_path: Path) -> None:
    started = time.monotonic()
    options = {**quick, "epochs": 100_000, "time_limit": 30.0}
    run = sightline.train(scenes, out=tmp_path / "run", **options)
    assert run.evaluation.n > 0
    assert 1 <= len(run.metrics) < 100_000
    # Not a measure of speed: a hundred thousand epochs would take hours.
    assert time.monotonic() - started < 200
