"""timm the way its train script goes: create_dataset, create_loader, create_optimizer_v2, create_scheduler_v2.

The script's defaults: RandomResizedCrop, flip, colour jitter, cosine, label smoothing 0.1, val after each epoch. AdamW
as in its author's recipes for fine-tuning, since the default, SGD for 300 epochs, learns little in a few (LOG.md).
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["timm==1.0.31", "torch==2.15.0", "torchvision==0.29.2"]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from protocol import Outcome, Task, main, timed

RATE, DECAY = 1e-3, 0.02


def network(task: Task, trained: bool = False) -> Any:
    """The backbone with a new classifier, or the one that was trained."""
    import timm

    name, pretrained = task.backbone
    checkpoint = {"checkpoint_path": str(task.model / "last.safetensors")} if trained else {}
    return timm.create_model(name, pretrained=pretrained and not trained, num_classes=len(task.classes), **checkpoint)


def loader(task: Task, model: Any, split: str | list[Path], training: bool = False) -> Any:
    """The photos of a split, or of some files, as the script loads them."""
    import torch
    from timm.data import ImageDataset, create_dataset, create_loader, resolve_data_config

    if isinstance(split, str):
        numbers = {name: i for i, name in enumerate(task.classes)}
        dataset = create_dataset("", root=task.photos, split=split, is_training=training, class_map=numbers)
    else:
        dataset = ImageDataset(str(task.photos))
        dataset.reader.samples = [(str(path), 0) for path in split]
    config = resolve_data_config({"img_size": task.size, "crop_pct": 1.0}, model=model)
    return create_loader(
        dataset, config["input_size"], task.batch_size, is_training=training, interpolation=config["interpolation"],
        mean=config["mean"], std=config["std"], crop_pct=config["crop_pct"], num_workers=task.threads,
        device=torch.device("cpu"), use_prefetcher=False,
    )  # fmt: skip


def answers(task: Task, model: Any, batches: Any) -> list[str]:
    """The labels of a loader's photos."""
    import torch

    model.eval()
    with torch.inference_mode():
        indices = torch.cat([model(images).argmax(1) for images, _ in batches]).tolist()
    return [task.classes[i] for i in indices]


def epochs(task: Task, model: Any, count: int, validate: bool = True) -> float:
    """Train for `count` epochs; -> the seconds of the last one, without its validation."""
    import torch
    from timm.loss import LabelSmoothingCrossEntropy
    from timm.optim import create_optimizer_v2
    from timm.scheduler import create_scheduler_v2

    training, validation = loader(task, model, "train", training=True), loader(task, model, "val")
    optimizer = create_optimizer_v2(model, "adamw", lr=RATE, weight_decay=DECAY)
    scheduler, _ = create_scheduler_v2(
        optimizer, num_epochs=count, warmup_epochs=min(1, count - 1), step_on_epochs=False,
        updates_per_epoch=len(training),
    )  # fmt: skip
    smoothed, updates, seconds = LabelSmoothingCrossEntropy(0.1), 0, 0.0
    for epoch in range(count):
        model.train()
        started = time.perf_counter()
        for images, labels in training:
            scheduler.step_update(updates)
            optimizer.zero_grad()
            smoothed(model(images), labels).backward()
            optimizer.step()
            updates += 1
        seconds = time.perf_counter() - started
        if validate:
            model.eval()
            with torch.inference_mode():
                right = sum(int((model(images).argmax(1) == labels).sum()) for images, labels in validation)
            print(f"epoch {epoch + 1}: {seconds:.1f} s, {right} of {len(validation.dataset)} val photos right")
    return seconds


def train(task: Task) -> Outcome:
    """All layers for `epochs`."""
    from safetensors.torch import save_file

    model = network(task)
    epochs(task, model, task.epochs)
    test = [path for path, _, _ in task.rows("test")]
    predicted = answers(task, model, loader(task, model, test))
    task.model.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), task.model / "last.safetensors")
    return Outcome(len(task.rows("train")), predicted)


def predict(task: Task) -> Outcome:
    """The loader and network of its inference script."""
    model, files = network(task, trained=True), task.files
    started = time.perf_counter()
    answers(task, model, loader(task, model, files))
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started))


def one(task: Task) -> Outcome:
    """As timm's quick start: the transform, a batch of one."""
    import timm
    import torch
    from PIL import Image

    model = network(task, trained=True).eval()
    config = timm.data.resolve_data_config({"img_size": task.size, "crop_pct": 1.0}, model=model)
    transform = timm.data.create_transform(**config)

    def answer(path: Path) -> int:
        with torch.inference_mode():
            return int(model(transform(Image.open(path).convert("RGB")).unsqueeze(0)).argmax())

    latencies = timed(answer, task.files)
    return Outcome(len(latencies), latencies=latencies)


def step(task: Task) -> Outcome:
    """The second of two epochs."""
    seconds = epochs(task, network(task), 2, validate=False)
    n = len(task.rows("train")) // task.batch_size * task.batch_size  # its loader drops the last, smaller batch
    return Outcome(n, rate=n / seconds)


if __name__ == "__main__":
    main("timm", {"train": train, "predict": predict, "one": one, "step": step})
