"""Keras 3 on PyTorch as its guides have it: image_dataset_from_directory, a frozen MobileNetV2, then fine-tuning.

keras.io/guides/transfer_learning: flip and rotation, a pooled and dropped-out head learned first (Adam), then every
layer at 1e-5. The ImageNet weights of keras.applications are a download, so it starts from random values here.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["keras==3.15.1", "grain==0.2.18", "torch==2.15.0", "pillow==13.0.0"]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from protocol import Outcome, Task, main, timed

os.environ["KERAS_BACKEND"] = "torch"


def data(task: Task, split: str) -> Any:
    """One split, by image_dataset_from_directory; grain is its loader where there is no TensorFlow."""
    import keras

    return keras.utils.image_dataset_from_directory(
        task.photos / split, image_size=(task.size, task.size), batch_size=task.batch_size, shuffle=split == "train",
        seed=0, format="grain", verbose=False,
    )  # fmt: skip


def network(task: Task) -> tuple[Any, Any]:
    """The guide's model; -> (model, its backbone)."""
    import keras

    backbone = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(task.size, task.size, 3), pooling="avg"
    )
    backbone.trainable = False
    inputs = keras.Input((task.size, task.size, 3))
    hidden = keras.layers.RandomRotation(0.1)(keras.layers.RandomFlip("horizontal")(inputs))
    hidden = backbone(keras.layers.Rescaling(1 / 127.5, offset=-1)(hidden), training=False)
    outputs = keras.layers.Dense(len(task.classes))(keras.layers.Dropout(0.2)(hidden))
    return keras.Model(inputs, outputs), backbone


def fit(task: Task, model: Any, rate: float, epochs: int, **options: Any) -> None:
    """compile and fit."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
    model.fit(data(task, "train"), epochs=epochs, verbose=2, **options)


def finish(task: Task, model: Any) -> Outcome:
    """Test and save."""
    indices = model.predict(data(task, "test"), verbose=0).argmax(1)
    task.model.mkdir(parents=True, exist_ok=True)
    model.save(task.model / "model.keras")
    # It reads a folder in the order of class and name, as split.csv has it.
    return Outcome(len(task.rows("train")), [task.classes[i] for i in indices], pretrained=False)


def train(task: Task) -> Outcome:
    """One epoch of the head, then `epochs` of all layers."""
    model, backbone = network(task)
    fit(task, model, 1e-3, 1, validation_data=data(task, "val"))
    backbone.trainable = True
    fit(task, model, 1e-5, task.epochs, validation_data=data(task, "val"))
    return finish(task, model)


def head(task: Task) -> Outcome:
    """The frozen part alone, for `epochs`."""
    model, _ = network(task)
    fit(task, model, 1e-3, task.epochs, validation_data=data(task, "val"))
    return finish(task, model)


def photo(task: Task, path: Path) -> Any:
    """One file as (1, S, S, 3), as the guide loads it."""
    import keras

    return keras.utils.img_to_array(keras.utils.load_img(path, target_size=(task.size, task.size)))[None]


def predict(task: Task) -> Outcome:
    """load_model and predict over the files, loaded batch by batch."""
    import keras
    import numpy as np

    model, files = keras.saving.load_model(task.model / "model.keras"), task.files
    starts = range(0, len(files), task.batch_size)
    batches = ([photo(task, path) for path in files[start : start + task.batch_size]] for start in starts)
    started = time.perf_counter()
    for batch in batches:
        model.predict_on_batch(np.concatenate(batch)).argmax(1)
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started), pretrained=False)


def one(task: Task) -> Outcome:
    """Its guide's model.predict, one file at a time."""
    import keras

    model = keras.saving.load_model(task.model / "model.keras")
    latencies = timed(lambda path: model.predict(photo(task, path), verbose=0), task.files)
    return Outcome(len(latencies), latencies=latencies, pretrained=False)


def step(task: Task) -> Outcome:
    """The second of two epochs, all layers."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, *_: Any) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, *_: Any) -> None:
            self.seconds = time.perf_counter() - self.started

    model, backbone = network(task)
    backbone.trainable = True
    clock = Clock()
    fit(task, model, 1e-5, 2, callbacks=[clock])
    return Outcome(n := len(task.rows("train")), rate=n / clock.seconds, pretrained=False)


if __name__ == "__main__":
    main("Keras", {"train": train, "head": head, "predict": predict, "one": one, "step": step})
