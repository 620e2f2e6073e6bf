"""Ultralytics as its classify page has it: YOLO(MODEL).train(data=FOLDER, epochs, imgsz), the rest as it is.

docs.ultralytics.com/tasks/classify. The network is torchvision's MobileNetV2 through its own TorchVision module, as its
yolo11-cls-resnet18.yaml does it, with its classification head; from random values, since its weights are a download.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["ultralytics==8.4.190", "torch==2.15.0", "torchvision==0.29.2"]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import os
import time
from typing import Any

from protocol import Outcome, Task, main, timed

NETWORK = """
nc: {classes}
backbone:
  - [-1, 1, TorchVision, [320, mobilenet_v2, null, True, 2]]
head:
  - [-1, 1, Classify, [nc]]
"""


def fit(task: Task, epochs: int, on: dict[str, Any] | None = None, **options: Any) -> Any:
    """The quick start's train call; -> the trained YOLO object."""
    os.environ["YOLO_CONFIG_DIR"] = str(task.out)
    os.environ["YOLO_OFFLINE"] = "true"
    from ultralytics import YOLO

    for seen in task.photos.glob("*.cache"):
        seen.unlink()  # what it noted of the photos the last time: every peer begins with nothing kept
    path = task.out / "mobilenet_v2-cls.yaml"
    path.write_text(NETWORK.format(classes=len(task.classes)))
    model = YOLO(path, task="classify")
    for event, act in (on or {}).items():
        model.add_callback(event, act)
    model.train(
        data=str(task.photos), epochs=epochs, imgsz=task.size, batch=task.batch_size, workers=task.threads,
        device="cpu", project=str(task.out), name="run", exist_ok=True, plots=False, **options,
    )  # fmt: skip
    return model


def loaded(task: Task) -> Any:
    """The trained model, from its own file."""
    os.environ["YOLO_CONFIG_DIR"] = str(task.out)
    os.environ["YOLO_OFFLINE"] = "true"
    from ultralytics import YOLO

    return YOLO(task.model / "best.pt")


def answers(task: Task, model: Any, files: list[Any]) -> list[str]:
    """The labels of files, by predict."""
    found = model.predict(
        [str(path) for path in files], imgsz=task.size, batch=task.batch_size, device="cpu", stream=True, verbose=False
    )
    return [result.names[result.probs.top1] for result in found]


def train(task: Task) -> Outcome:
    """YOLO.train; its best.pt answers the test photos."""
    fit(task, task.epochs)
    task.model.mkdir(parents=True, exist_ok=True)
    (task.out / "run/weights/best.pt").replace(task.model / "best.pt")
    predicted = answers(task, loaded(task), [path for path, _, _ in task.rows("test")])
    return Outcome(len(task.rows("train")), predicted, pretrained=False)


def predict(task: Task) -> Outcome:
    """YOLO.predict with a stream, as its page on predicting advises for many files."""
    model, files = loaded(task), task.files
    started = time.perf_counter()
    answers(task, model, files)
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started), pretrained=False)


def one(task: Task) -> Outcome:
    """YOLO.predict, one file at a time."""
    model = loaded(task)
    latencies = timed(lambda path: answers(task, model, [path]), task.files)
    return Outcome(len(latencies), latencies=latencies, pretrained=False)


def step(task: Task) -> Outcome:
    """The second of two epochs, all layers, without its validation."""
    seconds: dict[str, float] = {}

    def begin(_: Any) -> None:
        seconds["started"] = time.perf_counter()

    def end(_: Any) -> None:
        seconds["taken"] = time.perf_counter() - seconds["started"]

    fit(task, 2, {"on_train_epoch_start": begin, "on_train_epoch_end": end}, val=False)
    return Outcome(n := len(task.rows("train")), rate=n / seconds["taken"], pretrained=False)


if __name__ == "__main__":
    main("Ultralytics", {"train": train, "predict": predict, "one": one, "step": step})
