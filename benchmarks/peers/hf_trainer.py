"""Hugging Face as its image classification guide has it: load_dataset("imagefolder"), the Trainer, a timm network.

huggingface.co/docs/transformers/tasks/image_classification: RandomResizedCrop, batches of 16 collected to 64, a tenth
of the steps to warm up. Its rate, 5e-5, is for a ViT; for this network RATE did better on val (benchmarks/LOG.md).
"""

# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "transformers==5.24.0", "accelerate==1.15.0", "datasets==5.2.0",
#   "timm==1.0.31", "torch==2.15.0", "torchvision==0.29.2",
# ]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from protocol import Outcome, Task, main, timed

RATE = 1e-3


def network(task: Task) -> Any:
    """The timm folder through transformers' wrapper, with a new classifier."""
    from transformers import AutoModelForImageClassification, TimmWrapperConfig, TimmWrapperForImageClassification

    names = dict(enumerate(task.classes))
    labels = {"num_labels": len(names), "id2label": names, "label2id": {name: i for i, name in names.items()}}
    if task.weights is None:
        config = TimmWrapperConfig(architecture="mobilenetv2_100", **labels)
        return TimmWrapperForImageClassification(config)
    return AutoModelForImageClassification.from_pretrained(task.weights, ignore_mismatched_sizes=True, **labels)


def transforms(task: Task) -> tuple[Any, Any]:
    """The guide's transform for training, and one for answering."""
    from torchvision.transforms import CenterCrop, Compose, Normalize, RandomResizedCrop, Resize, ToTensor

    tail = [ToTensor(), Normalize([0.5] * 3, [0.5] * 3)]
    return Compose([RandomResizedCrop(task.size), *tail]), Compose([Resize(task.size), CenterCrop(task.size), *tail])


def data(task: Task) -> Any:
    """The laid folder as a DatasetDict, each split with its transform."""
    from datasets import load_dataset

    found = load_dataset("imagefolder", data_dir=str(task.photos), cache_dir=str(task.out / "datasets"))
    for split, transform in zip(("train", "validation", "test"), (*transforms(task), transforms(task)[1]), strict=True):

        def look(examples: dict[str, Any], transform: Any = transform) -> dict[str, Any]:
            return {
                "pixel_values": [transform(image.convert("RGB")) for image in examples["image"]],
                "label": examples["label"],
            }

        found[split] = found[split].with_transform(look)
    return found


def trainer(task: Task, epochs: int, callbacks: list[Any] | None = None, evaluate: str = "epoch") -> Any:
    """The guide's Trainer."""
    from transformers import DefaultDataCollator, Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(task.out / "trainer"), remove_unused_columns=False, eval_strategy=evaluate,
        save_strategy=evaluate, learning_rate=RATE, per_device_train_batch_size=16, gradient_accumulation_steps=4,
        per_device_eval_batch_size=16, num_train_epochs=epochs, warmup_steps=0.1, logging_steps=10,
        load_best_model_at_end=evaluate != "no", metric_for_best_model="accuracy", report_to="none", use_cpu=True,
        dataloader_num_workers=task.threads,
    )  # fmt: skip
    parts = data(task)
    return Trainer(
        model=network(task), args=arguments, data_collator=DefaultDataCollator(), train_dataset=parts["train"],
        eval_dataset=parts["validation"], callbacks=callbacks,
        compute_metrics=lambda found: {"accuracy": float((found.predictions.argmax(1) == found.label_ids).mean())},
    ), parts  # fmt: skip


def train(task: Task) -> Outcome:
    """Trainer.train, then Trainer.predict on test."""
    fitting, parts = trainer(task, task.epochs)
    fitting.train()
    names, found = parts["test"].features["label"].names, fitting.predict(parts["test"])
    given = [
        Path(image["path"]) for image in parts["test"].with_format(None).cast_column("image", _undecoded())["image"]
    ]
    by_path = dict(zip(given, found.predictions.argmax(1), strict=True))
    fitting.save_model(str(task.model))
    return Outcome(len(parts["train"]), [names[by_path[path]] for path, _, _ in task.rows("test")])


def _undecoded() -> Any:
    from datasets import Image

    return Image(decode=False)


def answerer(task: Task) -> Any:
    """The guide's way to answer: pipeline("image-classification") on the saved model."""
    from transformers import AutoModelForImageClassification, TimmWrapperImageProcessor, pipeline

    model = AutoModelForImageClassification.from_pretrained(task.model)
    shape = {"input_size": (3, task.size, task.size), "mean": (0.5,) * 3, "std": (0.5,) * 3, "crop_pct": 1.0}
    processor = TimmWrapperImageProcessor(pretrained_cfg=shape | {"interpolation": "bilinear"})
    return pipeline("image-classification", model=model, image_processor=processor, device="cpu")


def predict(task: Task) -> Outcome:
    """The pipeline over all files."""
    answer, files = answerer(task), [str(path) for path in task.files]
    started = time.perf_counter()
    list(answer(files, batch_size=task.batch_size, num_workers=task.threads))
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started))


def one(task: Task) -> Outcome:
    """The pipeline, one file at a time."""
    answer = answerer(task)
    latencies = timed(lambda path: answer(str(path)), task.files)
    return Outcome(len(latencies), latencies=latencies)


def step(task: Task) -> Outcome:
    """The second of two epochs."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def on_epoch_begin(self, *_: Any, **__: Any) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, *_: Any, **__: Any) -> None:
            self.seconds = time.perf_counter() - self.started

    clock = Clock()
    fitting, parts = trainer(task, 2, [clock], evaluate="no")
    fitting.train()
    return Outcome(len(parts["train"]), rate=len(parts["train"]) / clock.seconds)


if __name__ == "__main__":
    main("HF Trainer", {"train": train, "predict": predict, "one": one, "step": step})
