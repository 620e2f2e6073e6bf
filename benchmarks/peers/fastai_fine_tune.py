"""fastai as its quick start has it: ImageDataLoaders, vision_learner, fine_tune; a timm network by its name.

docs.fast.ai/quick_start.html and tutorial.vision.html: Resize, aug_transforms, one frozen epoch before the others.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["fastai==2.8.12", "timm==1.0.31", "torch==2.15.0", "torchvision==0.29.2"]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import time
from typing import Any

from protocol import Outcome, Task, main, timed


def learner(task: Task) -> Any:
    """The quick start's learner on the train and val photos."""
    import pandas as pd
    from fastai.vision.all import ImageDataLoaders, Resize, accuracy, aug_transforms, vision_learner

    table = pd.DataFrame(task.rows("train", "val"), columns=["path", "label", "split"])
    table["is_valid"] = table.split == "val"
    table["path"] = table.path.map(str)
    loaders = ImageDataLoaders.from_df(
        table, path="/", fn_col="path", label_col="label", valid_col="is_valid", bs=task.batch_size,
        item_tfms=Resize(task.size), batch_tfms=aug_transforms(),
    )  # fmt: skip
    name, pretrained = task.backbone
    learn = vision_learner(loaders, name, pretrained=pretrained, metrics=accuracy, path=task.out)
    learn.remove_cb(next(cb for cb in learn.cbs if type(cb).__name__ == "ProgressCallback"))
    return learn


def answers(learn: Any, files: list[Any]) -> list[str]:
    """The labels of files, by get_preds."""
    with learn.no_bar():
        probabilities, _ = learn.get_preds(dl=learn.dls.test_dl(files))
    return [learn.dls.vocab[i] for i in probabilities.argmax(1)]


def finish(task: Task, learn: Any) -> Outcome:
    """Test, and export as the documentation does."""
    predicted = answers(learn, [path for path, _, _ in task.rows("test")])
    task.model.mkdir(parents=True, exist_ok=True)
    learn.export(task.model / "export.pkl")
    return Outcome(len(task.rows("train")), predicted)


def train(task: Task) -> Outcome:
    """fine_tune: one frozen epoch, then `epochs` of all layers."""
    learn = learner(task)
    learn.fine_tune(task.epochs)
    return finish(task, learn)


def head(task: Task) -> Outcome:
    """The frozen learner, which vision_learner gives, fitted for `epochs`."""
    learn = learner(task)
    learn.freeze()
    learn.fit_one_cycle(task.epochs)
    return finish(task, learn)


def predict(task: Task) -> Outcome:
    """load_learner and get_preds."""
    from fastai.vision.all import load_learner

    learn = load_learner(task.model / "export.pkl")
    files = task.files
    started = time.perf_counter()
    answers(learn, files)
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started))


def one(task: Task) -> Outcome:
    """learn.predict, as the quick start shows it."""
    from fastai.vision.all import load_learner

    learn = load_learner(task.model / "export.pkl")
    with learn.no_bar():
        latencies = timed(learn.predict, task.files)
    return Outcome(len(latencies), latencies=latencies)


def step(task: Task) -> Outcome:
    """The second of two epochs, all layers, without its validation."""
    from fastai.vision.all import Callback

    class Clock(Callback):
        def before_train(self) -> None:
            self.started = time.perf_counter()

        def after_train(self) -> None:
            self.seconds = time.perf_counter() - self.started

    learn = learner(task)
    learn.unfreeze()
    clock = Clock()
    learn.fit_one_cycle(2, cbs=clock)
    n = len(task.rows("train")) // task.batch_size * task.batch_size  # fastai drops the last, smaller batch
    return Outcome(n, rate=n / clock.seconds)


if __name__ == "__main__":
    main("fastai", {"train": train, "head": head, "predict": predict, "one": one, "step": step})
