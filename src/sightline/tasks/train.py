"""DATA and the choices about it -> a complete run; an interrupted run -> the same."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from sightline import recipes
from sightline.config import Config, Machine
from sightline.data.glimpse import sample_pixels
from sightline.data.table import Dataset
from sightline.errors import Interrupted, SightlineError, UsageError
from sightline.judging.examine import examine
from sightline.models import engines
from sightline.models.network import Network
from sightline.predictor import Predictor
from sightline.recipes.document import require_no_pickle
from sightline.release import model_card
from sightline.report import run_report
from sightline.runs import ahead, closing, plan
from sightline.runs.folder import RunFolder
from sightline.runs.machine import settle
from sightline.runs.place import default_path
from sightline.runs.prepare import Prepared, as_split, open_data, prepare, reopen
from sightline.runs.run import Run
from sightline.system import words
from sightline.system.files import NoRoom
from sightline.system.progress import note
from sightline.training import finish, folds, going_on, loop
from sightline.training.loop import OnStep


def train(
    data: str | Path | None = None,
    *,
    recipe: str = "default",
    out: str | Path | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    freeze_epochs: int | None = None,
    set: Sequence[str] = (),
    on_step: OnStep | None = None,
    **options: Any,
) -> Run:
    """Train a classifier on a folder of labelled photos, evaluate it once, and write its report.

    Args:
        data: a folder, manifest, archive, a name from `sightline datasets`, or hf:owner/name; None: the recipe's.
        recipe: a name from `sightline recipes`, or a file; a RUN/config.yaml repeats that run.
        out: the run folder, new or empty; None: runs/<date>-<time>-<dataset>-<model>/.
        epochs: of the last phase that takes gradient steps.
        lr: the peak learning rate of that phase.
        freeze_epochs: epochs in which the head learns alone, before everything does.
        set: `key=value` texts for anything else, such as "augment=none".
        on_step: called after each optimiser step with the run folder (for a fold: its own folder) and the step's row of
            steps.csv, such as {"phase": "tune", "step": 7, "lr_min": …, "lr_max": …, "loss": …, "grad_norm": …}.
        options: any field of `sightline.config.Config`, such as model="resnet34", img_size=128, seed=1.

    Raises:
        UsageError: the options contradict each other or name what does not exist.
        SightlineError: the data, the weights or the training fail.
    """
    given = {**options, "data": data}
    config = recipes.resolve(recipe, given, list(set), epochs=epochs, lr=lr, freeze_epochs=freeze_epochs)
    if config.weights and config.weights == recipes.values(recipe).get("weights"):
        require_no_pickle(config.weights, recipe)
    started = time.monotonic()
    asked = [name for name, value in given.items() if value is not None]
    with ahead.as_asked(recipe, [*asked, *(text.partition("=")[0].strip() for text in set)]):
        if out is not None:
            RunFolder.require_free(out)
        ahead.require_possible(config)
        for text in closing.cut_short(config):
            note(text)
        dataset = open_data(config)
        ahead.require_positive(config.positive, dataset.classes)
        config, machine, network = _settle(config, dataset)
        place = Path(out) if out is not None else default_path(dataset.name, network.architecture)
        ahead.require_room(place, network, config)
        run = RunFolder.create(place)
        with run.work(), _ending(run, new=True):
            run.write_config(config)
            run.log(f"train {dataset.name}: {len(dataset.samples)} files, {len(dataset.classes)} classes")
            _work(run, config, machine, network, dataset, started, on_step)
    return Run(run.path)


def resume(
    path: str | Path,
    *,
    data: str | Path | None = None,
    epochs: int | None = None,
    time_limit: str | float | None = None,
    device: str | None = None,
    workers: int | None = None,
    on_step: OnStep | None = None,
) -> Run:
    """Go on with a run that was interrupted, exactly where it stood; a complete run is returned as it is.

    What is asked for here is written to its config.yaml.

    Args:
        path: the run folder.
        data: the folder that its photos are in now, if they were moved.
        epochs: of the last phase that takes gradient steps, with those that are done; None: as before.
        time_limit: from now on, in seconds or such as "10m"; no epoch is begun that would not end within it.
        device: auto, cpu, cuda, mps; None: as before.
        workers: processes that decode photos, from now on; None: as before.
        on_step: as `train` takes it.

    Raises:
        UsageError: there is no run at `path`, or what is asked for comes too late for it.
        SightlineError: its photos have changed, or another process works on it.
    """
    run = RunFolder.open(path)
    asked = {"epochs": epochs, "time_limit": time_limit, "device": device}
    if run.status == "complete":
        late = [recipes.flag(name) for name, value in asked.items() if value is not None]
        if late:
            raise UsageError(
                f"{late[0]}: {run.path} is complete, so that it changes nothing.\n"
                f"To train further: sightline train DATA --from {run.path}"
            )
        note(f"{run.path} is complete: nothing is left to do.")
        return Run(path)
    with run.work(), _ending(run, new=False):
        before = config = run.config()
        require_no_pickle(config.weights, run.path / "config.yaml")
        known = run.dataset()
        dataset = None if known else open_data(config)
        classes = dataset.classes if dataset else run.known_dataset().classes
        network = plan.build_network(config, classes, config.img_size)
        if config.machine is None:
            raise SightlineError(
                f"{run.path / 'config.yaml'}: says nothing of the machine, so it is not as Sightline wrote it.\n"
                f"Start anew with: sightline train --recipe {run.path / 'config.yaml'}"
            )
        config = going_on.changed(config, {**asked, "workers": workers}, run, network)
        if config.machine is None:  # another device
            dataset_now = dataset or as_split(run, data)
            sample = sample_pixels(dataset_now, network.size, network.fit)
            config, machine = settle(config, network, sample, len(dataset_now.samples))
        else:
            config, machine = settle(config, network, np.empty(0), 0)
        if config != before:
            run.write_config(config)
        run.log("resume")
        _work(run, config, machine, network, dataset, time.monotonic(), on_step, data)
    return Run(path)


@contextmanager
def _ending(run: RunFolder, *, new: bool) -> Iterator[None]:
    """How a run ends that cannot go on: it says why; a new one that failed before anything was learned leaves nothing.

    What a person stopped is no failure, and neither is a full disk: such a run is left to be gone on with.
    """
    with suppress(OSError):  # a run on a read-only disk will say so where it matters
        run.write_failure("")
    try:
        yield
    except (Interrupted, NoRoom):
        raise
    except Exception as error:
        if new and not run.has_learned:
            run.remove()
        else:
            with suppress(OSError, SightlineError):
                run.write_failure(str(error) or type(error).__name__)
        raise


def _settle(config: Config, dataset: Dataset) -> tuple[Config, Machine, Network]:
    """Every choice that was left open, made: the config as it will be written."""
    network = plan.build_network(config, dataset.classes, plan.image_size(config, dataset))
    if config.model is None and network.origin.startswith("the box"):
        note(f"{network.architecture} from the box; larger networks: --model NAME from the hub")
    sample = sample_pixels(dataset, network.size, network.fit)
    is_open = config.machine is None
    config, machine = settle(config, network, sample, len(dataset.samples))
    if config.time_limit is not None and is_open:
        config = plan.fit_to_time(config, network, machine, sample, len(dataset.samples))
        if config.img_size and config.img_size != network.size:
            network = plan.build_network(config, dataset.classes, config.img_size)
    settled = {"model": config.model or network.architecture, "img_size": network.size, "fit": network.fit}
    return config.model_copy(update=settled), machine, network


def _work(
    run: RunFolder,
    config: Config,
    machine: Machine,
    network: Network,
    dataset: Dataset | None,
    started: float,
    on_step: OnStep | None,
    data: str | Path | None = None,
) -> None:
    """From a settled config to a complete run; goes on from whatever is already there."""
    if run.dataset():
        prepared = reopen(run, network.size, network.fit, data, workers=config.workers or None)
    else:
        assert dataset is not None
        prepared = prepare(dataset, config, network.size, network.fit)
        if config.folds:
            prepared = folds.deal(prepared, config)
        run.write_data(prepared.facts, prepared.dataset.samples, prepared.dataset.problems)
    network.white = prepared.facts.white
    samples = prepared.dataset.samples
    counts = samples["split"].value_counts()
    note(
        f"{len(samples):,} photos, {len(prepared.dataset.classes)} classes · "
        + " · ".join(f"{split} {counts[split]:,}" for split in ("train", "val", "test") if split in counts)
        + f" · {network.architecture} at {network.size} pixels, from {network.origin}"
    )
    if run.evaluation():
        predictor = Predictor.load(run.path, machine.device)
    else:
        deadline = started + (config.time_limit or math.inf)
        predictor = _train_and_test(run, config, machine, network, prepared, deadline, on_step)
    examine(predictor, config, prepared, run)
    model_card.write(run)
    run_report.write(run)
    if not config.keep_checkpoint:
        shutil.rmtree(run.checkpoint, ignore_errors=True)
    run.log(f"complete in {words.duration(time.monotonic() - started)}")


def _train_and_test(
    run: RunFolder,
    config: Config,
    machine: Machine,
    network: Network,
    prepared: Prepared,
    deadline: float,
    on_step: OnStep | None,
) -> Predictor:
    if config.folds:
        folds.train(network, config, machine, prepared, run, deadline=deadline, on_step=on_step)
    if config.ensemble:
        seeing, on_val = folds.together(network.origin, config, machine, prepared, run)
    else:
        engine = engines.make(machine.engine, network, machine.device, machine.evaluation_batch)
        loop.train(network, config, machine, prepared.data(), run, engine, deadline=deadline, on_step=on_step)
        seeing, on_val = finish.calibrate(network, config, machine, prepared, run)
    finish.open_test(seeing, on_val, prepared, run)
    return seeing.predictor
