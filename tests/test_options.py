"""An option that is accepted is obeyed: every key of a recipe and every flag of every command changes something.

The tables below name all of them. A key or a flag that is new fails here until it stands in its table with what it
changes, so that one that nothing reads cannot come in unnoticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import sightline
from hostile_run import sightline as command
from sightline import config, recipes
from sightline.cli.app import COMMANDS
from sightline.config import Config, Machine, Phase
from sightline.errors import SightlineError, UsageError
from sightline.judging import two_classes
from sightline.models import engines
from sightline.models.freezing import freeze
from sightline.recipes.unread import unread
from sightline.runs import plan
from sightline.runs.folder import RunFolder
from sightline.runs.machine import settle
from sightline.runs.prepare import Data, Prepared, open_data, prepare
from sightline.training import folds, halves, loop
from sightline.training.batches import Preparation
from sightline.training.checkpoint import snapshot

MACHINE = {
    "device": "cpu", "precision": "float32", "channels_last": False, "engine": "eager", "threads": 1,
    "evaluation_batch": 16,
}  # fmt: skip
PHASE = {"name": "tune", "train": "all", "epochs": 2, "lr": 0.01, "schedule": "one-cycle"}
BASE = {
    "model": "resnet9_lean", "scratch": True, "img_size": 32, "batch_size": 8, "augment": "light", "seed": 1,
    "machine": MACHINE, "phases": [PHASE],
}  # fmt: skip

LATE: dict[str, Any] = {"phases": [{**PHASE, "train": "last:30%"}]}


# Keys that the training itself reads: weights, steps and metrics come out otherwise.

TRAINING: dict[str, dict[str, Any]] = {
    "model": {"model": "resnet10t"},
    "head": {"head": "regularised"},
    "drop_rate": {"drop_rate": 0.5},
    "optimizer": {"optimizer": "sgd"},
    "momentum": {"optimizer": "sgd", "momentum": 0.1},
    "weight_decay": {"weight_decay": 0.3},
    "batch_size": {"batch_size": 5},
    "augment": {"augment": "none"},
    "mixup": {"mixup": 0.4},
    "cutmix": {"cutmix": 1.0},
    "label_smoothing": {"label_smoothing": 0.2},
    "class_weights": {"class_weights": "balanced"},
    "sampling": {"sampling": "balanced"},
    "clip_norm": {"clip_norm": 0.01},
    "clip_value": {"clip_value": 0.001},
    "freeze_norm": {"freeze_norm": True},
    "patience": {"patience": 1, "phases": [{**PHASE, "epochs": 6, "lr": 1e-9}]},
    "seed": {"seed": 2},
    "phases.name": {"phases": [{**PHASE, "name": "other"}]},
    "phases.train": {"phases": [{**PHASE, "train": "head"}]},
    "phases.solver": {"phases": [PHASE, {"train": "head", "solver": "lbfgs"}]},
    "phases.epochs": {"phases": [{**PHASE, "epochs": 3}]},
    "phases.lr": {"phases": [{**PHASE, "lr": 0.02}]},
    "phases.layer_decay": {"phases": [{**PHASE, "layer_decay": 0.5}]},
    "phases.schedule": {"phases": [{**PHASE, "schedule": "constant"}]},
    "phases.warmup": {"phases": [{**PHASE, "warmup": 0.7}]},
    "phases.decay": {"phases": [{**PHASE, "schedule": "step-decay", "decay": 0.5}]},
    "phases.cycle_epochs": {"phases": [{**PHASE, "schedule": "cyclical", "cycle_epochs": 0.7}]},
    "phases.lr_min": {"phases": [{**PHASE, "lr_min": 0.5}]},
    "machine.precision": {"machine": {**MACHINE, "precision": "bfloat16"}},
    "machine.channels_last": {"machine": {**MACHINE, "channels_last": True}},
    "machine.evaluation_batch": {"machine": {**MACHINE, "evaluation_batch": 5}},
    "machine.frozen": {**LATE, "machine": {**MACHINE, "frozen": "eager"}},
    "phases.views": {"phases": [{**LATE["phases"][0], "views": 1}], "machine": {**MACHINE, "frozen": "eager"}},
}
# What a row is held against, where that is not BASE: it differs in the one key alone.
AGAINST: dict[str, dict[str, Any]] = {
    "momentum": {"optimizer": "sgd"},
    "patience": {"phases": [{**PHASE, "epochs": 6, "lr": 1e-9}]},
    "phases.decay": {"phases": [{**PHASE, "schedule": "step-decay"}]},
    "phases.cycle_epochs": {"phases": [{**PHASE, "schedule": "cyclical"}]},
    "machine.frozen": LATE,
    "phases.views": {**LATE, "machine": {**MACHINE, "frozen": "eager"}},
}


@pytest.fixture(scope="module")
def prepared(scenes: Path) -> Prepared:
    made = Config(**{**BASE, "data": str(scenes)})
    return prepare(open_data(made), made, 32)


@pytest.fixture(scope="module")
def data(prepared: Prepared) -> Data:
    """A few photos of unequal classes."""
    labels, train, val = prepared.labels, prepared.rows("train"), prepared.rows("val")
    few = [row for number in range(6) for row in train[labels[train] == number][: 9 if number == 0 else 3]]
    return prepared.data(np.array(few), val[::2])


@pytest.fixture(scope="module")
def learned(data: Data, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict], str]:
    """What a training with these choices comes to, as a digest; known ones are not repeated."""
    known: dict[str, str] = {}

    def train(choices: dict) -> str:
        made = Config(**{**BASE, **choices})
        name = made.to_yaml()
        if name not in known:
            known[name] = _learned(made, data, prepared.dataset.classes, tmp_path_factory.mktemp("learned"))
        return known[name]

    return train


def _learned(made: Config, data: Data, classes: tuple[str, ...], folder: Path) -> str:
    network = plan.build_network(made, classes, made.img_size)
    assert made.machine is not None
    seen: list[object] = []

    def look(module: torch.nn.Module, images: tuple[torch.Tensor]) -> None:
        seen.append((images[0].is_contiguous(memory_format=torch.channels_last), len(images[0]), module.training))
        seen.append(next(p for p in module.parameters() if p.ndim == 4).stride())

    network.module.register_forward_pre_hook(look)
    engine = engines.make(made.machine.engine, network, "cpu", made.machine.evaluation_batch)
    loop.train(network, made, made.machine, data, RunFolder(folder), engine)
    running = hashlib.sha256()
    for name, tensor in snapshot(network.module).items():
        running.update(name.encode() + tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    run = RunFolder(folder)
    metrics = run.metrics().drop(columns=["seconds", "images_per_second"])
    running.update(json.dumps([metrics.to_csv(), run.steps().to_csv(), seen]).encode())
    return running.hexdigest()


@pytest.mark.parametrize("key", TRAINING)
def test_a_key_changes_what_is_learned(key: str, learned: Callable[[dict], str]) -> None:
    assert learned(TRAINING[key]) != learned(AGAINST.get(key, {}))


def test_the_same_choices_learn_the_same(data: Data, prepared: Prepared, tmp_path: Path) -> None:
    """Else the test above would pass whatever is read."""
    ways = [_learned(Config(**BASE), data, prepared.dataset.classes, tmp_path / name) for name in ("a", "b")]
    assert ways[0] == ways[1]


# Keys that decide which photos there are, and on which side each is.


def _sides(scenes: Path, run_path: Path, folder: Path, choices: dict) -> str:
    made = Config(**{**BASE, "data": str(scenes), **choices})
    dealt = prepare(open_data(made), made, 32)
    if made.folds:
        dealt = folds.deal(dealt, made)
    samples = dealt.dataset.samples
    columns = [name for name in ("path", "label", "split", "fold") if name in samples]
    return str(samples[columns].sort_values("path").to_csv(index=False)) + str(dealt.dataset.root)


def _decisions(scenes: Path, run_path: Path, folder: Path) -> tuple[dict, dict]:
    first = next((scenes / "sea").iterdir()).relative_to(scenes)
    (folder / "decisions.csv").write_text(f"path,decision,label\n{first},drop,\n")
    return {"decisions": str(folder / "decisions.csv")}, {}


def _images(scenes: Path, run_path: Path, folder: Path) -> tuple[dict, dict]:
    photos = sorted(path for kind in ("sea", "forest") for path in (scenes / kind).iterdir())
    rows = [f"{photo.relative_to(scenes)},{photo.parent.name}" for photo in photos]
    table = folder / "in" / "labels.csv"
    table.parent.mkdir()
    table.write_text("\n".join(["path,label", *rows]))
    for place in ("in", "beside"):
        for kind in ("sea", "forest"):
            shutil.copytree(scenes / kind, folder / place / kind)
    return {"data": str(table), "images": str(folder / "beside")}, {"data": str(table)}


SIDES: dict[str, Callable[[Path, Path, Path], tuple[dict, dict]]] = {
    "data": lambda scenes, run, folder: ({"data": _images(scenes, run, folder)[1]["data"]}, {}),
    "images": _images,
    "decisions": _decisions,
    "per_class": lambda scenes, run, folder: ({"per_class": 5}, {}),
    "split_seed": lambda scenes, run, folder: ({"split_seed": 3}, {}),
    "continues": lambda scenes, run, folder: (
        {"continues": str(run), "scratch": False, "split_seed": 3},
        {"split_seed": 3},
    ),
    "folds": lambda scenes, run, folder: ({"folds": 2}, {}),
    "ensemble": lambda scenes, run, folder: ({"folds": 2, "ensemble": True}, {"folds": 2}),
}


@pytest.mark.parametrize("key", SIDES)
def test_a_key_changes_which_photo_is_where(key: str, scenes: Path, run_path: Path, tmp_path: Path) -> None:
    changed, before = SIDES[key](scenes, run_path, tmp_path)
    assert _sides(scenes, run_path, tmp_path, changed) != _sides(scenes, run_path, tmp_path, before)


# Keys that decide what the network is, and what a run settles before it begins.


def _built(choices: dict) -> tuple[object, ...]:
    made = Config(**{**BASE, **choices})
    network = plan.build_network(made, ("a", "b"), made.img_size)
    first = next(iter(network.module.state_dict().values()))
    return network.origin.split(":")[0], network.size, network.fit, float(first.float().sum())


def test_keys_that_make_the_network(run_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"hub|weights"):
        _built({"model": "resnet10t", "scratch": False})  # the hub is not to be had here
    start = {"scratch": False, "weights": str(run_path / "model")}
    assert _built(start)[3] != _built({})[3]
    assert _built({"img_size": 48})[1] == 48
    assert [_built({"fit": fit})[2] for fit in ("crop", "pad", "squash")] == ["crop", "pad", "squash"]


def test_keys_of_the_machine(scenes: Path) -> None:
    with pytest.raises(UsageError, match=r"cuda|mps|nosuch"):
        engines.device_of("nosuch")
    with pytest.raises(UsageError):
        sightline.train(scenes, recipe="demo-scratch", device="nosuch")
    before = torch.get_num_threads()
    try:
        made = Config(**{**BASE, "machine": {**MACHINE, "threads": 3}})
        settle(made, SimpleNamespace(), None, 0)  # type: ignore[arg-type]  # nothing is tried where it is settled
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    made = Config(**{**BASE, "machine": {**MACHINE, "device": "nosuch"}})
    with pytest.raises(UsageError):
        settle(made, SimpleNamespace(), None, 0)  # type: ignore[arg-type]
    network = plan.build_network(Config(**BASE), ("a", "b"), 32)
    assert engines.make("channels-last", network, "cpu", 4).name != engines.make("eager", network, "cpu", 4).name


def test_a_time_limit_shortens_the_plan() -> None:
    made = Config(**{**BASE, "time_limit": "30s", "phases": [{**PHASE, "epochs": 1_000_000}]})
    network = plan.build_network(made, ("a", "b"), 32)
    sample = torch.zeros(8, 32, 32, 3, dtype=torch.uint8).numpy()
    assert plan.fit_to_time(made, network, Machine(**MACHINE), sample, 500).epochs < 1_000_000


def test_the_batch_of_the_frozen_layers(data: Data, prepared: Prepared) -> None:
    made = Config(**{**BASE, **LATE, "machine": {**MACHINE, "frozen": "eager", "frozen_batch": 3}})
    network = plan.build_network(made, prepared.dataset.classes, 32)
    freeze(network.module, made.phases[0].train)
    assert made.machine is not None
    found = halves.feed(network, made.machine, Preparation(network, made, data, "cpu"), 0)
    assert isinstance(found, halves.Halves)
    assert found.engine.batch == 3


def test_keys_of_two_classes() -> None:
    shares, truth = np.linspace(0.02, 0.98, 40), np.arange(40) // 4 % 2
    seen = np.stack([1 - shares, shares], axis=1), truth
    asked = [
        two_classes.measure(seen, seen, ("a", "b"), two_classes.positive_class(("a", "b"), {}, positive), wanted)
        for positive, wanted in (("a", 0.95), ("b", 0.95), ("b", 0.6))
    ]
    assert [one and one.positive for one in asked] == ["a", "b", "b"]
    assert asked[1] != asked[2]


# Keys that a whole run shows.

WHOLE = {
    "tta": "none",
    "coverage": 0.5,
    "coverage_by": "all",
    "robustness_seconds": 0.2,
    "keep_checkpoint": True,
    "workers": 1,
}


@pytest.fixture(scope="module")
def whole(scenes: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch) -> Any:
    """A run with all of them, and how many processes decoded its photos."""
    asked: list[object] = []
    module = import_module("sightline.runs.prepare")
    true = module.preflight

    def preflight(*given: Any, **options: Any) -> Any:
        asked.append(options.get("workers"))
        return true(*given, **options)

    monkeypatch_module.setattr(module, "preflight", preflight)
    place = tmp_path_factory.mktemp("whole") / "run"
    run = sightline.train(
        scenes, out=place, recipe="demo-scratch", epochs=1, img_size=32, **WHOLE, set=[f"machine={json.dumps(MACHINE)}"]
    )
    return SimpleNamespace(path=run.path, workers=list(asked))


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def test_keys_that_a_run_shows(whole: Any, run_path: Path) -> None:
    described, before = (json.loads((p / "model" / "sightline.json").read_text()) for p in (whole.path, run_path))
    assert (described["tta"], before["tta"]) == ("none", "flip")
    assert (described["calibration"]["coverage"], before["calibration"]["coverage"]) == (0.5, 0.95)
    assert (described["calibration"]["coverage_by"], before["calibration"]["coverage_by"]) == ("all", "class")
    for name in ("extras/robustness.json", "checkpoint"):
        assert (whole.path / name).exists() and not (run_path / name).exists()
    assert whole.workers == [1]


SHOWN = {
    "weights", "scratch", "img_size", "fit",  # test_keys_that_make_the_network
    "device", "machine", "machine.device", "machine.engine", "machine.threads",  # test_keys_of_the_machine
    "time_limit", "machine.frozen_batch",  # tests of their own
    "positive", "sensitivity",  # test_keys_of_two_classes
    "phases",  # each of its keys
    *WHOLE,
}  # fmt: skip


def test_no_key_is_left_out() -> None:
    keys = {
        *Config.model_fields,
        *(f"phases.{name}" for name in Phase.model_fields),
        *(f"machine.{name}" for name in Machine.model_fields),
    }
    assert keys == {*TRAINING, *SIDES, *SHOWN}


# What nothing reads beside the other choices is refused where a person asks for it.


@pytest.mark.parametrize(
    ("recipe", "flags", "assignments", "says"),
    [
        ("probe", {"batch_size": 64}, [], r"^--batch-size 64: would change nothing: this recipe fits a head"),
        ("probe", {"patience": 3}, [], "^--patience 3: would change nothing"),
        ("probe", {}, ["augment=strong"], "^--set augment=strong: would change nothing"),
        ("default", {}, ["momentum=0.5"], "^--set momentum=0.5: .* optimizer=sgd"),
        ("default", {}, ["phases.0.epochs=9"], "^--set phases.0.epochs=9: .* lbfgs"),
        ("default", {}, ["phases.1.decay=0.1"], "schedule of this phase is .*step-decay"),
    ],
)
def test_what_nothing_would_read_is_refused(recipe: str, flags: dict, assignments: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        recipes.resolve(recipe, flags, assignments)


def test_what_is_read_is_taken() -> None:
    made = recipes.resolve("default", {"batch_size": 8}, ["optimizer=sgd", "momentum=0.5", "phases.1.lr_min=0.1"])
    assert (made.momentum, made.phases[1].lr_min) == (0.5, 0.1)
    recipes.resolve("probe", {"patience": 0, "batch_size": 32})  # as they are anyway


@pytest.mark.parametrize("option", [name for name in TRAINING if "." not in name and name not in ("model", "head")])
def test_what_is_said_to_be_read_by_nothing_is_read_by_nothing(option: str) -> None:
    """`unread` names what a training of steps reads, and nothing that a fitted head reads."""
    fitted = recipes.resolve("probe")
    assert (option in unread(fitted)) == (option not in ("class_weights", "seed"))


def test_another_device_is_obeyed_however_it_is_asked_for(tmp_path: Path) -> None:
    """A run's config.yaml holds what it was settled to, which won over --set device."""
    made = Config(**BASE)
    (tmp_path / "config.yaml").write_text(made.to_yaml())
    path = str(tmp_path / "config.yaml")
    assert recipes.resolve(path).machine == made.machine
    assert recipes.resolve(path, {}, ["device=cuda"]).machine is None
    assert recipes.resolve(path, {"time_limit": "5m"}).machine is None
    assert recipes.resolve(path, {"device": "cpu", "machine": MACHINE}).machine == made.machine


def test_an_option_that_was_never_read_is_gone_and_earlier_runs_are_still_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(Config(**BASE).to_yaml() + "average: 0.0\n")
    assert recipes.resolve(str(tmp_path / "config.yaml")) == Config(**BASE)
    (tmp_path / "config.yaml").write_text(Config(**BASE).to_yaml() + "average: 0.9\n")
    with pytest.raises(UsageError, match="average: there is no such option"):
        recipes.resolve(str(tmp_path / "config.yaml"))


def test_a_seed_of_a_split_that_is_brought_is_refused(scenes: Path, tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        for kind in ("sea", "forest"):
            shutil.copytree(scenes / kind, tmp_path / split / kind)
    with pytest.raises(UsageError, match=r"--split-seed 3: .*brings"):
        open_data(config.build({"data": str(tmp_path), "split_seed": 3}, "here"))


# The flags. Each reaches the work under the name that the work knows it by; what the work does not read, the linter
# names (ARG), and each key of a training is shown above.


@dataclass
class Call:
    """The work of a command, and what is typed."""

    work: str
    base: tuple[str, ...]
    flags: dict[str, tuple[str, ...]]
    """Parameter -> what is typed for it. A word alone: it stands beside the base."""


CALLS = {
    "train": Call("sightline.tasks.train:train", ("DATA",), {
        "data": ("OTHER",), "images": ("--images", "x"), "recipe": ("--recipe", "probe"), "out": ("--out", "x"),
        "continues": ("--from", "x"), "model": ("--model", "x"), "weights": ("--weights", "x"),
        "scratch": ("--scratch",), "epochs": ("--epochs", "3"), "freeze_epochs": ("--freeze-epochs", "1"),
        "lr": ("--lr", "0.1"), "batch_size": ("--batch-size", "8"), "img_size": ("--img-size", "32"),
        "fit": ("--fit", "pad"), "patience": ("--patience", "2"), "seed": ("--seed", "2"),
        "split_seed": ("--split-seed", "2"), "per_class": ("--per-class", "9"), "folds": ("--folds", "2"),
        "ensemble": ("DATA", "--folds", "2", "--ensemble"), "decisions": ("--decisions", "x"), "tta": ("--tta", "flip"),
        "time_limit": ("--time-limit", "9m"), "positive": ("--positive", "a"),
        "sensitivity": ("--sensitivity", "0.9"), "device": ("--device", "cpu"), "workers": ("--workers", "2"),
        "set": ("--set", "seed=5"),
    }),
    "evaluate": Call("sightline.tasks.evaluate:evaluate", ("RUN",), {
        "run": ("OTHER",), "data": ("RUN", "DATA"), "moved": ("--data", "x"), "images": ("--images", "x"),
        "device": ("--device", "cpu"), "positive": ("--positive", "x"), "sensitivity": ("--sensitivity", "0.9"),
    }),
    "predict": Call("sightline.tasks.predict:predict", ("RUN", "a.jpg"), {
        "run": ("OTHER", "a.jpg"), "paths": ("RUN", "b.jpg"), "out": ("--out", "x.csv"), "device": ("--device", "cpu"),
    }),
    "explain": Call("sightline.tasks.explain:explain", ("RUN", "a.jpg"), {
        "run": ("OTHER", "a.jpg"), "images": ("RUN", "b.jpg"), "out": ("--out", "x"), "of": ("--class", "sea"),
        "neighbours": ("--neighbours", "2"), "device": ("--device", "cpu"),
    }),
    "explore": Call("sightline.tasks.explore:explore", ("DATA",), {
        "data": ("OTHER",), "images": ("--images", "x"), "out": ("--out", "x"), "augment": ("--augment", "light"),
        "weights": ("--weights", "x"), "img_size": ("--img-size", "32"), "workers": ("--workers", "2"),
    }),
    "audit": Call("sightline.tasks.audit:audit", ("DATA",), {
        "data": ("OTHER",), "images": ("--images", "x"), "run": ("--run", "x"), "weights": ("--weights", "x"),
        "out": ("--out", "x"), "img_size": ("--img-size", "32"), "device": ("--device", "cpu"),
        "workers": ("--workers", "2"),
    }),
    "compare": Call("sightline.tasks.compare:compare", ("A", "B"), {"runs": ("A", "C"), "out": ("--out", "x")}),
    "export": Call("sightline.tasks.export:export", ("RUN",), {
        "run": ("OTHER",), "form": ("--format", "torch"), "out": ("--out", "x"),
    }),
    "lr": Call("sightline.tasks.lr:find_lr", ("DATA",), {
        "data": ("OTHER",), "recipe": ("--recipe", "x"), "model": ("--model", "x"), "weights": ("--weights", "x"),
        "scratch": ("--scratch",), "batch_size": ("--batch-size", "8"), "img_size": ("--img-size", "32"),
        "fit": ("--fit", "pad"), "steps": ("--steps", "50"), "out": ("--out", "x"),
    }),
    "demo": Call("sightline.tasks.train:train", (), {
        "out": ("--out", "x"), "scratch": ("--scratch",), "per_class": ("--per-class", "4"),
        "epochs": ("--epochs", "2"),
    }),
    "serve": Call("sightline.web.serve:serve", ("RUN",), {
        "runs": ("OTHER",), "port": ("--port", "8001"), "host": ("--host", "0.0.0.0"), "findings": ("--findings", "x"),
        "state": ("--state", "x"), "create_admin": ("--create-admin", "me"), "device": ("--device", "cpu"),
    }),
}  # fmt: skip
PRINTED = {
    "models": {
        "name": ("resnet9_lean",), "img_size": ("resnet9_lean", "--img-size", "64"), "box": ("--box",),
        "train": ("resnet9_lean", "--train", "head"), "head": ("resnet9_lean", "--head", "regularised"),
        "classes": ("resnet9_lean", "--classes", "3"), "all": ("--all",),
    },
    "recipes": {"name": ("probe",)},
    "datasets": {"name": ("demo-scenes",)},
    "cache": {"engines": ("--engines",), "clear": ("--clear",)},
}  # fmt: skip
"""Commands that only print: the flag changes what is said."""
AGAINST_PRINTED = dict.fromkeys(("img_size", "train", "head", "classes"), ("resnet9_lean",))
APART = {"train": {"resume"}, "predict": {"on", "workers", "ray_address"}}
"""Shown elsewhere: what begins another kind of work (tests/cli/test_resume.py, tests/scale)."""
RESUME = Call("sightline.tasks.train:resume", ("--resume", "RUN"), {})


class Reached(Exception):
    """The work would begin."""


def _arrived(name: str, call: Call, typed: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module, function = call.work.split(":")
    found: dict[str, Any] = {}
    signature = inspect.signature(getattr(import_module(module), function))

    def work(*given: Any, **options: Any) -> None:
        found.update(signature.bind(*given, **options).arguments)
        raise Reached

    with monkeypatch.context() as patch, contextlib.suppress(Reached):
        patch.setattr(f"{module}.{function}", work)
        patch.setattr("sightline.data.reading.catalog.demo_scenes", lambda per_class: f"{per_class} of each")
        from sightline.cli.app import application

        run, bound, _ = application(name).parse_args([name, *typed], print_error=False, exit_on_error=False)
        run(*bound.args, **bound.kwargs)
    assert found, "the command never came to its work"
    return found


@pytest.mark.parametrize("name", CALLS)
def test_every_flag_reaches_the_work(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    call = CALLS[name]
    before = _arrived(name, call, call.base, monkeypatch)
    for flag, typed in call.flags.items():
        whole = typed if not typed[0].startswith("--") else (*call.base, *typed)
        assert _arrived(name, call, whole, monkeypatch) != before, f"{flag} changes nothing"


@pytest.mark.parametrize(("name", "flag"), [(name, flag) for name, flags in PRINTED.items() for flag in flags])
def test_every_flag_of_what_only_prints_changes_what_is_said(
    name: str, flag: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    monkeypatch.setattr("sightline.models.offline.describe", list)  # it would measure how fast they are
    (tmp_path / "pixels" / "x").mkdir(parents=True)
    (tmp_path / "pixels" / "x" / "pixels.npy").write_bytes(bytes(2_000_000))
    before = command(name, *(AGAINST_PRINTED.get(flag, ()) if name == "models" else ()))
    after = command(name, *PRINTED[name][flag])
    assert (before.code, after.code) == (0, 0), after.err
    assert before.out != after.out


@pytest.mark.parametrize("name", COMMANDS)
def test_no_flag_is_left_out(name: str) -> None:
    function = getattr(import_module(f"sightline.cli.{name}"), name)
    known = set(CALLS[name].flags if name in CALLS else PRINTED[name])
    assert {*inspect.signature(function).parameters} - {"json"} == known | APART.get(name, set())


@pytest.mark.parametrize("name", ["models", "recipes", "datasets", "cache"])
def test_json_is_obeyed(name: str) -> None:
    assert isinstance(json.loads(command(name, "--json").out), dict)


def test_resume_refuses_what_the_run_knows_and_obeys_the_rest(run_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every flag of `train`, beside --resume: refused by name, or one of those that go along and reach the work."""
    obeyed = {"epochs", "time_limit", "device", "workers"}
    before = _arrived("train", RESUME, RESUME.base, monkeypatch)
    for flag, typed in CALLS["train"].flags.items():
        if flag in obeyed:
            assert _arrived("train", RESUME, (*RESUME.base, *typed), monkeypatch) != before, flag
            continue
        if not typed[0].startswith("--"):
            continue
        found = command("train", "--resume", run_path, *typed)
        assert found.code == 2, flag
        assert f"--resume takes no {typed[0]}" in found.err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("models", "--train", "head"), "--train: belongs to one network"),
        (("models", "--box", "--img-size", "64"), "--img-size: belongs to one network"),
        (("evaluate", "RUN", "--images", "x"), "--images x: belongs to the table of another dataset"),
        (("demo", "--out", "RUN", "--epochs", "9"), "leave out --epochs"),
        (("demo", "--out", "RUN", "--per-class", "9", "--epochs", "9"), "leave out --per-class and --epochs"),
    ],
)
def test_a_flag_that_belongs_elsewhere_is_refused(typed: tuple[str, ...], says: str, run_path: Path) -> None:
    found = command(*(run_path if word == "RUN" else word for word in typed))
    assert found.code == 2
    assert says in found.err
