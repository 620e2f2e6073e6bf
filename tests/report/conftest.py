"""Run folders for the report's tests: files as a training leaves them, the network's answers drawn from random numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sightline.assess import assess
from sightline.config import Config, Phase
from sightline.evaluate import evaluate
from sightline.runs import RunFolder

SCENES = ("buildings", "forest", "glacier", "mountain", "sea", "street")
LIKE = {"buildings": "street", "glacier": "mountain"}  # what each class is most often taken for


def paint(path: Path, hue: int, size: tuple[int, int] = (64, 64)) -> None:
    """A small photo: noise around one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(abs(hash(path.name)) % 2**32 if False else hue)
    colour = np.array([hue * 53 % 200, hue * 97 % 200, hue * 31 % 200])
    noise = generator.integers(0, 56, (size[1], size[0], 3))
    Image.fromarray((colour + noise).astype(np.uint8)).save(path)


def answer(samples: pd.DataFrame, classes: Sequence[str], skill: float, seed: int = 0) -> pd.DataFrame:
    """A predictions table for the val and test rows of `samples`."""
    generator = np.random.default_rng(seed)
    judged = samples[samples["split"].isin(["val", "test"])].reset_index(drop=True)
    index = {name: i for i, name in enumerate(classes)}
    logits = generator.normal(0, 1.1, (len(judged), len(classes)))
    for i, label in enumerate(judged["label"]):
        logits[i, index[label]] += skill
        like = LIKE.get(label) or {v: k for k, v in LIKE.items()}.get(label)
        if like in index:
            logits[i, index[like]] += skill * 0.45
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = judged[["path", "split", "label"]].copy()
    table["predicted"] = [classes[k] for k in p.argmax(axis=1)]
    table["confidence"] = p.max(axis=1)
    for k, name in enumerate(classes):
        table[f"p_{name}"] = p[:, k]
    table["familiar"] = generator.random(len(p)) > 0.05
    table["decision"] = np.where(
        p.max(axis=1) < 0.7, "unsure", np.where(generator.random(len(p)) < 0.05, "unfamiliar", "answer")
    )
    return table


def fill(
    run: RunFolder, root: Path, samples: pd.DataFrame, classes: Sequence[str], *, skill: float = 5.0, extras: bool = True,
    opened: int = 1, config: Config | None = None,
) -> RunFolder:  # fmt: skip
    """Everything a training leaves in a run folder, for photos that exist under `root`."""
    generator = np.random.default_rng(1)
    run.write_config(
        config
        or Config(
            data=str(root),
            model="mobilenetv2_100",
            phases=[Phase(name="head", epochs=1, train="head"), Phase(epochs=4)],
        )
    )
    problems = pd.DataFrame(
        [("sea/half.jpg", "truncated", "the file ends after 812 of 4,096 bytes", "left out")],
        columns=["path", "problem", "detail", "action"],
    )
    described = {"name": root.name, "root": str(root), "classes": list(classes), "set_aside": ["pred"]}
    run.write_data(described, samples, problems)
    rows, steps = [], []
    for epoch in range(1, 6):
        train, val = 1.4 * 0.55**epoch, 0.3 + 0.8 * 0.45**epoch
        rows.append({
            "phase": "head" if epoch == 1 else "tune", "epoch": epoch, "train_loss": train, "train_accuracy": 1 - train / 2.2,
            "val_loss": val, "val_accuracy": 0.94 - val / 6, "seconds": 41.3, "images_per_second": 231.0,
        })  # fmt: skip
    for step in range(400):
        rate = 1e-3 * (np.sin(np.pi * (step % 400) / 400) ** 2 + 0.01)
        steps.append({
            "phase": "head" if step < 80 else "tune", "step": step, "lr_min": rate / 8, "lr_max": rate,
            "loss": 1 / (1 + step / 60), "grad_norm": 1.0,
        })  # fmt: skip
    run.write_metrics(rows)
    run.write_steps(steps)
    predictions = answer(samples, classes, skill)
    run.write_predictions(predictions)
    test = predictions[predictions["split"] == "test"].reset_index(drop=True)
    run.write_evaluation(evaluate(test, classes, test_opened=opened))
    if extras:
        run.model.mkdir()
        fitted = {"temperature": 0.72, "threshold": 0.16, "coverage": 0.95}
        (run.model / "sightline.json").write_text(json.dumps({"calibration": fitted}), encoding="utf-8")
        assess(run)
        right = (test["label"] == test["predicted"]).to_numpy()
        training = samples[samples["split"] == "train"]["path"].tolist()
        labels = samples.set_index("path")["label"].to_dict()
        wrong = test[~right].sort_values("confidence", ascending=False)["path"].tolist()[:6]
        changes = {"blur": 0.12, "noise": 0.2, "JPEG quality": 0.02, "darkening": 0.06, "rotation": 0.04}
        run.write_extra("robustness", {"clean": float(right.mean()), "rows": [
            {"change": change, "strength": strength, "accuracy": float(right.mean()) - hurt * factor, "accuracy_ci95": [0.5, 0.6]}
            for change, hurt in changes.items()
            for strength, factor in (("weak", 0.2), ("medium", 0.6), ("strong", 1.4))
        ]})  # fmt: skip
        run.write_extra("explanations", {"photos": [
            {
                "path": path,
                "heat": (generator.random((5, 5)) ** 3).tolist(),
                "neighbours": [{"path": other, "label": labels[other], "similarity": 0.91} for other in generator.choice(training, 4)],
            }
            for path in wrong
        ]})  # fmt: skip
        run.write_extra("model", {"parameters": 2_231_558, "images_per_second": 612.0})
        run.write_extra("lr_finder", {
            "lr": np.geomspace(1e-6, 1, 60).tolist(), "loss": (1.8 - 1.2 / (1 + np.exp(-np.linspace(-6, 5, 60)))).tolist(),
            "suggestion": 3e-3,
        })  # fmt: skip
    return run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., RunFolder]:
    """`make_run(classes=…, per_class=…)`: photos and a finished run over them."""

    def make(classes: Sequence[str] = SCENES, per_class: int = 16, photos: bool = True, **options: object) -> RunFolder:
        root = tmp_path / "scenes"
        rows = []
        for k, label in enumerate(classes):
            for i in range(per_class):
                split = "train" if i % 2 else ("test" if i % 4 else "val")
                path = f"{label}/{i}.jpg"
                if photos:
                    paint(root / path, hue=17 * k + i)
                rows.append((path, label, split, "", 64, 64, "RGB", "JPEG", 2000, f"{k}{i}", "", 90.0 + i, len(rows)))
        columns = [
            "path",
            "label",
            "split",
            "group",
            "width",
            "height",
            "mode",
            "format",
            "bytes",
            "digest",
            "notes",
            "brightness",
            "duplicate_group",
        ]
        samples = pd.DataFrame(rows, columns=columns)
        return fill(RunFolder.create(tmp_path / "run"), root, samples, sorted(classes), **options)  # type: ignore[arg-type]

    return make
