"""AutoGluon as its image classification quick start has it: MultiModalPredictor(label=…).fit(table), a timm network.

auto.gluon.ai/stable/tutorials/multimodal/image_prediction/beginner_image_cls.html, with the customisation that its
guide names for another backbone (model.timm_image.checkpoint_name) and for epochs and batch size.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["autogluon.multimodal==1.6.3", "timm==1.0.3", "torch==2.13.0"]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import json
import time
from typing import Any

from protocol import Outcome, Task, main, timed


def table(task: Task, *splits: str) -> Any:
    """Columns image (a path) and label."""
    import pandas as pd

    rows = task.rows(*splits)
    return pd.DataFrame({"image": [str(path) for path, _, _ in rows], "label": [label for _, label, _ in rows]})


def checkpoint(task: Task) -> str:
    """The weights as the local folder that it takes: config.json beside pytorch_model.bin, without the classifier."""
    if task.weights is None:
        return "mobilenetv2_100"
    import torch
    from safetensors.torch import load_file

    folder = task.out / "checkpoint"
    folder.mkdir(exist_ok=True)
    config = (task.weights / "config.json").read_text()
    (folder / "config.json").write_text(config)
    classifier = json.loads(config)["pretrained_cfg"]["classifier"]
    weights = load_file(task.weights / "model.safetensors")
    torch.save({k: v for k, v in weights.items() if not k.startswith(classifier)}, folder / "pytorch_model.bin")
    return str(folder)


def fit(task: Task) -> Any:
    """The quick start's fit, on the given train and val photos."""
    from autogluon.multimodal import MultiModalPredictor

    predictor = MultiModalPredictor(
        label="label", path=str(task.model), pretrained=task.weights is not None, warn_if_exist=False
    )
    return predictor.fit(
        table(task, "train"), tuning_data=table(task, "val"),
        hyperparameters={
            "model.names": ["timm_image"], "model.timm_image.checkpoint_name": checkpoint(task),
            "model.timm_image.image_size": task.size, "optim.max_epochs": task.epochs,
            "env.per_gpu_batch_size": task.batch_size, "env.batch_size": task.batch_size,
            "env.num_workers": task.threads, "env.precision": "32-true",
        },
    )  # fmt: skip


def loaded(task: Task) -> Any:
    """The saved predictor."""
    from autogluon.multimodal import MultiModalPredictor

    return MultiModalPredictor.load(str(task.model))


def train(task: Task) -> Outcome:
    """fit, then predict on test."""
    predictor = fit(task)
    predicted = predictor.predict(table(task, "test"))
    return Outcome(len(task.rows("train")), [str(label) for label in predicted])


def predict(task: Task) -> Outcome:
    """predict over a table of files."""
    import pandas as pd

    predictor, files = loaded(task), task.files
    started = time.perf_counter()
    predictor.predict(pd.DataFrame({"image": [str(path) for path in files]}))
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started))


def one(task: Task) -> Outcome:
    """predict, one file at a time; realtime is its own word for few rows."""
    import pandas as pd

    predictor = loaded(task)
    latencies = timed(lambda path: predictor.predict(pd.DataFrame({"image": [str(path)]}), realtime=True), task.files)
    return Outcome(len(latencies), latencies=latencies)


if __name__ == "__main__":
    main("AutoGluon", {"train": train, "predict": predict, "one": one})
