"""The bare engine: ONNX Runtime over pixels that lie ready in memory. What the others are held to.

Runs in the project's own environment. The batch is the fastest of a few, tried for a moment before the clock runs.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from protocol import Outcome, Task, main, timed

BATCHES = (1, 8, 16, 32)


def session(task: Task) -> Any:
    """The network, traced by torch as Sightline's own engine is, with as many threads as the others have."""
    import onnxruntime
    import timm
    import torch

    name, pretrained = task.backbone
    network = timm.create_model(name, pretrained=pretrained, num_classes=len(task.classes)).eval()
    path, example = task.out / "network.onnx", torch.zeros(2, 3, task.size, task.size)
    free = {"images": {0: "n"}}
    torch.onnx.export(network, (example,), path, dynamo=False, input_names=["images"], dynamic_axes=free)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task.threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def image(task: Task, path: Path) -> Any:
    """One file as (1, 3, S, S) float32 in -1…1."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(Image.open(path).convert("RGB").resize((task.size, task.size)), np.float32)
    return pixels.transpose(2, 0, 1)[None] / 127.5 - 1


def predict(task: Task) -> Outcome:
    """Photos a second over pixels in memory; the seconds of the process hold the loading too."""
    import numpy as np

    engine, files = session(task), task.files
    few = np.concatenate([image(task, path) for path in files[:64]])

    def seconds(batch: int, photos: int) -> float:
        started = time.perf_counter()
        for start in range(0, photos, batch):
            rows = np.arange(start, min(start + batch, photos)) % len(few)
            engine.run(None, {"images": few[rows]})
        return time.perf_counter() - started

    for batch in BATCHES:
        seconds(batch, 2 * batch)
    best = min(BATCHES, key=lambda batch: min(seconds(batch, 64) for _ in range(3)))
    return Outcome(len(files), rate=len(files) / seconds(best, len(files)))


def one(task: Task) -> Outcome:
    """A file decoded and answered: the least that any peer must do."""
    engine = session(task)
    latencies = timed(lambda path: engine.run(None, {"images": image(task, path)}), task.files)
    return Outcome(len(latencies), latencies=latencies)


if __name__ == "__main__":
    main("ONNX Runtime, bare", {"predict": predict, "one": one})
