"""scikit-learn on timm features: what an engineer writes in ten lines.

timm's feature extraction quick start (num_classes=0, the network's own transform), then scikit-learn's standard
pipeline: StandardScaler and LogisticRegression.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn==1.9.1", "timm==1.0.31", "torch==2.15.0", "torchvision==0.29.2"]
# [tool.uv]
# exclude-newer = "2026-11-25T00:00:00Z"
# ///

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from protocol import Outcome, Task, main, timed


def extractor(task: Task) -> Callable[[list[Path]], Any]:
    """Files -> features (n, F): a DataLoader over the photos, the network without its classifier."""
    import timm
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader

    name, pretrained = task.backbone
    network = timm.create_model(name, pretrained=pretrained, num_classes=0).eval()
    config = timm.data.resolve_model_data_config(network) | {"input_size": (3, task.size, task.size)}
    transform = timm.data.create_transform(**config | {"crop_pct": 1.0}, is_training=False)

    class Photos(torch.utils.data.Dataset):
        def __init__(self, files: list[Path]) -> None:
            self.files = files

        def __len__(self) -> int:
            return len(self.files)

        def __getitem__(self, index: int) -> Any:
            return transform(Image.open(self.files[index]).convert("RGB"))

    def features(files: list[Path]) -> Any:
        workers = task.threads if len(files) > 1 else 0
        with torch.inference_mode():
            batches = DataLoader(Photos(files), batch_size=task.batch_size, num_workers=workers)
            return torch.cat([network(batch) for batch in batches]).numpy()

    return features


def head(task: Task) -> Outcome:
    """Features of the train photos, a logistic regression, answers on test."""
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = extractor(task)
    train, test = task.rows("train"), task.rows("test")
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(features([path for path, _, _ in train]), [label for _, label, _ in train])
    predicted = classifier.predict(features([path for path, _, _ in test]))
    task.model.mkdir(parents=True, exist_ok=True)
    joblib.dump(classifier, task.model / "head.joblib")
    return Outcome(len(train), [str(label) for label in predicted])


def loaded(task: Task) -> Callable[[list[Path]], Any]:
    """Files -> labels, from the saved head."""
    import joblib

    classifier, features = joblib.load(task.model / "head.joblib"), extractor(task)
    return lambda files: classifier.predict(features(files))


def predict(task: Task) -> Outcome:
    """The same features and the saved head."""
    answer, files = loaded(task), task.files
    started = time.perf_counter()
    answer(files)
    return Outcome(len(files), rate=len(files) / (time.perf_counter() - started))


def one(task: Task) -> Outcome:
    """One file at a time, without worker processes."""
    answer = loaded(task)
    latencies = timed(lambda path: answer([path]), task.files)
    return Outcome(len(latencies), latencies=latencies)


if __name__ == "__main__":
    main("scikit-learn", {"head": head, "predict": predict, "one": one})
