"""Run folders and datasets for the report's tests: drawn photos, and answers drawn from random numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sightline.config import Config, Phase
from sightline.data.pixels import Pixels
from sightline.data.table import Dataset, problem_table
from sightline.judging.assess import assess
from sightline.judging.figures import evaluate
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.extras import (
    Cost,
    Damaged,
    Explained,
    Explanations,
    LearningRates,
    Neighbour,
    Robustness,
)
from sightline.runs.folder import RunFolder
from sightline.scenes.write import CLASSES, draw

LIKE = {"buildings": "street", "glacier": "mountain", "street": "buildings", "mountain": "glacier"}
COLUMNS = [
    *("path", "label", "split", "group", "width", "height", "mode", "format", "bytes", "digest", "notes", "brightness"),
    "duplicate_group",
]
SIZE = 48


@cache
def scene(kind: int, seed: int) -> Image.Image:
    """One drawn scene; few different ones, since drawing takes time and their content does not matter here."""
    return draw(CLASSES[kind % len(CLASSES)], seed % 3, SIZE)


def photos(root: Path, classes: Sequence[str], per_class: int, suffix: str = ".jpg") -> pd.DataFrame:
    """Drawn photos under `root/class/` and their samples table, half train, a quarter val, a quarter test."""
    rows = []
    for k, label in enumerate(classes):
        for i in range(per_class):
            path = f"{label}/{i}{suffix}"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            scene(k, i).save(root / path, "JPEG")
            split = "train" if i % 2 else ("test" if i % 4 else "val")
            facts = (SIZE, SIZE, "RGB", "JPEG", 2000, f"{k}-{i}", "", 60.0 + 9 * (i % 12), len(rows))
            rows.append((path, label, split, "", *facts))
    return pd.DataFrame(rows, columns=COLUMNS)


def answers(samples: pd.DataFrame, classes: Sequence[str], skill: float, seed: int = 0) -> pd.DataFrame:
    """A predictions table for the val and test rows: the better the higher `skill`, alike classes mixed up most."""
    generator = np.random.default_rng(seed)
    judged = samples[samples["split"].isin(["val", "test"])].reset_index(drop=True)
    index = {name: i for i, name in enumerate(classes)}
    logits = generator.normal(0, 1.1, (len(judged), len(classes)))
    for i, label in enumerate(judged["label"]):
        logits[i, index[label]] += skill
        if LIKE.get(label) in index:
            logits[i, index[LIKE[label]]] += skill * 0.45
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = judged[["path", "split", "label"]].copy()
    table["predicted"] = [classes[k] for k in p.argmax(axis=1)]
    table["confidence"] = p.max(axis=1)
    for k, name in enumerate(classes):
        table[f"p_{name}"] = p[:, k]
    table["familiar"] = generator.random(len(p)) > 0.05
    return table


def fill(
    run: RunFolder,
    root: Path,
    samples: pd.DataFrame,
    classes: Sequence[str],
    skill: float = 4.0,
    extras: bool = False,
    opened: int | None = 1,
) -> RunFolder:
    """Everything that a training leaves in a run folder."""
    phases = [Phase(name="head", train="head", epochs=1), Phase(epochs=4)]
    run.write_config(Config(data=str(root), model="mobilenetv2_100", phases=phases))
    problems = problem_table(
        [
            ("sea/half.jpg", "truncated", "the file ends after 812 of 4,096 bytes", "left out"),
            ("sea/1.jpg", "exif-rotated", "orientation 6", "turned as its EXIF orientation says"),
        ]
    )
    described = DatasetFacts(name=root.name, root=str(root), classes=tuple(classes), set_aside=("pred",))
    run.write_data(described, samples, problems)
    run.write_metrics([_epoch(number) for number in range(1, 6)])
    run.write_steps([_step(number) for number in range(400)])
    predictions = answers(samples, classes, skill)
    run.write_predictions(predictions)
    test = predictions[predictions["split"] == "test"].reset_index(drop=True)
    run.write_evaluation(evaluate(test, classes, test_opened=opened))
    if extras:
        _write_extras(run, samples, test)
    return run


def _epoch(number: int) -> dict[str, Any]:
    train, val = 1.4 * 0.55**number, 0.3 + 0.8 * 0.45**number
    return {
        "phase": "head" if number == 1 else "tune",
        "epoch": number,
        "train_loss": train,
        "train_accuracy": 1 - train / 2.2,
        "val_loss": val,
        "val_accuracy": 0.94 - val / 6,
        "seconds": 41.3,
        "images_per_second": 231.0,
    }


def _step(number: int) -> dict[str, Any]:
    rate = 1e-3 * (np.sin(np.pi * number / 400) ** 2 + 0.01)
    phase = "head" if number < 80 else "tune"
    return {"phase": phase, "step": number, "lr_min": rate / 8, "lr_max": rate, "loss": 1.0, "grad_norm": 1.0}


def _write_extras(run: RunFolder, samples: pd.DataFrame, test: pd.DataFrame) -> None:
    generator = np.random.default_rng(1)
    run.model.mkdir()
    fitted = {"temperature": 0.72, "threshold": 0.16, "coverage": 0.95}
    (run.model / "sightline.json").write_text(json.dumps({"calibration": fitted}), encoding="utf-8")
    assess(run)
    clean = float((test["label"] == test["predicted"]).mean())
    changes = {"blur": 0.12, "noise": 0.2, "JPEG": 0.005, "darkening": 0.06, "rotation": 0.04}
    rows = tuple(
        Damaged(change=change, strength=strength, accuracy=clean - hurt * factor)
        for change, hurt in changes.items()
        for strength, factor in (("mild", 0.2), ("medium", 0.6), ("strong", 1.4))
    )
    run.write_extra(Robustness(n=len(test), clean=clean, rows=rows))
    train = samples[samples["split"] == "train"].set_index("path")["label"]
    wrong = test[test["label"] != test["predicted"]].sort_values("confidence", ascending=False)["path"].tolist()[:6]
    reasons = []
    for path in wrong:
        near = tuple(
            Neighbour(path=str(other), label=train[other], similarity=0.91)
            for other in generator.choice(train.index, 4)
        )
        heat = tuple(tuple(row) for row in (generator.random((5, 5)) ** 3).tolist())
        reasons.append(Explained(path=path, heat=heat, neighbours=near))
    run.write_extra(Explanations(photos=tuple(reasons)))
    run.write_extra(Cost(parameters=2_231_558, images_per_second=612.0))
    rates, losses = tuple(np.geomspace(1e-6, 1, 60).tolist()), tuple(np.linspace(1.8, 0.6, 60).tolist())
    run.write_extra(LearningRates(lr=rates, loss=losses, suggestion=3e-3))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run with everything in it, made once; for reading only."""
    folder = tmp_path_factory.mktemp("finished")
    samples = photos(folder / "scenes", CLASSES, 24)
    return fill(RunFolder.create(folder / "run"), folder / "scenes", samples, CLASSES, skill=3.0, extras=True)


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., RunFolder]:
    """`make_run(classes=…, per_class=…, skill=…, extras=…, opened=…)`: photos and a finished run over them."""

    def make(classes: Sequence[str] = CLASSES, per_class: int = 16, **options: Any) -> RunFolder:
        root = tmp_path / "scenes"
        samples = photos(root, classes, per_class)
        return fill(RunFolder.create(tmp_path / "run"), root, samples, sorted(classes), **options)

    return make


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., tuple[Dataset, Pixels]]:
    """`make_dataset(classes=…, per_class=…)`: drawn photos as preflight leaves them."""

    def make(classes: Sequence[str] = CLASSES, per_class: int = 12) -> tuple[Dataset, Pixels]:
        root = tmp_path / "scenes"
        samples = photos(root, classes, per_class).drop(columns="duplicate_group")
        squares = [np.asarray(scene(k, i)) for k in range(len(classes)) for i in range(per_class)]
        problems = problem_table([("sea/half.jpg", "truncated", "cut short", "left out")])
        return Dataset(root.name, root, samples, tuple(sorted(classes)), problems), Pixels(np.stack(squares))

    return make
