"""Sightline itself, the default recipe; it runs in the project's own environment, so it pins nothing here.

Its cache is new for train, head and step ("nothing kept"); predict and one find what the training left, as a user's do.
The stand lets them answer with a fitted head, so that they look at each photo once, as the peers do.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///

from __future__ import annotations

import os
import time
from typing import Any

from protocol import Outcome, Task, main, timed


def fit(task: Task, recipe: str, **options: Any) -> Any:
    """sightline.train on split.csv; -> the run."""
    os.environ["SIGHTLINE_CACHE"] = str(task.model / "cache")
    import sightline

    return sightline.train(
        task.photos / "split.csv", recipe=recipe, out=task.model / "run", weights=task.weights, img_size=task.size,
        **options if task.weights else {"scratch": True, "model": "mobilenetv2_100", **options},
    )  # fmt: skip


def finish(task: Task, run: Any) -> Outcome:
    """The run's own answers on test."""
    table = run.predictions.query("split == 'test'")
    by_path = dict(zip(table["path"], table["predicted"], strict=True))
    test = [str(path.relative_to(task.photos)) for path, _, _ in task.rows("test")]
    return Outcome(len(task.rows("train")), [by_path[path] for path in test])


def train(task: Task) -> Outcome:
    """The default recipe: a head fitted on frozen features, then the later half of the layers tuned for `epochs`."""
    return finish(task, fit(task, "default", epochs=task.epochs, batch_size=task.batch_size))


def head(task: Task) -> Outcome:
    """--recipe probe."""
    return finish(task, fit(task, "probe"))


def predict(task: Task) -> Outcome:
    """What `sightline predict RUN FILES --out TABLE` does."""
    os.environ["SIGHTLINE_CACHE"] = str(task.model / "cache")
    from sightline.predictor import Predictor

    files = task.files
    predictor = Predictor.load(task.model / "run", photos=len(files))
    started = time.perf_counter()
    predictor.predict(files).to_csv(task.out / "answers.csv", index=False)
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started))


def one(task: Task) -> Outcome:
    """sightline.load and model.predict, one file at a time."""
    os.environ["SIGHTLINE_CACHE"] = str(task.model / "cache")
    import sightline

    model = sightline.load(task.model / "run")
    latencies = timed(lambda path: model.predict([path]), task.files)
    return Outcome(len(latencies), latencies=latencies)


def step(task: Task) -> Outcome:
    """The second of two epochs of every layer, augmented as in the default recipe."""
    phases = "phases=[{name: tune, train: all, epochs: 2, lr: 1.0e-3}]"
    run = fit(task, "default", batch_size=task.batch_size, set=(phases, "robustness_seconds=0"))
    return Outcome(len(task.rows("train")), rate=float(run.metrics["images_per_second"].iloc[-1]))


if __name__ == "__main__":
    main("Sightline", {"train": train, "head": head, "predict": predict, "one": one, "step": step})
