"""Sightline turns a folder of labelled photos into an image classifier you can trust.

    import sightline
    run = sightline.train("photos/", model="resnet34", epochs=5)
    run.evaluation.accuracy, run.evaluation.accuracy_ci95
    model = sightline.load("runs/2026-11-21-scenes")
    model.predict(["a.jpg", pil_image, array])

The names below load on first use: the processes that only decode photos import this package too, and they must
not pay for torch.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sightline.errors import SightlineError
from sightline.version import __version__

# Threads of a parallel loop that have nothing to do yet sleep instead of running in circles: beside a busy neighbour
# they would take its time, and ours. Read once by OpenMP, when torch loads it; whoever sets it otherwise is obeyed.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from sightline.predictor import Predictor
    from sightline.runs.documents.evaluation import Evaluation
    from sightline.runs.run import Run, load
    from sightline.scenes.write import Faults, write_scenes
    from sightline.tasks.audit import audit
    from sightline.tasks.compare import compare
    from sightline.tasks.evaluate import evaluate
    from sightline.tasks.explain import explain
    from sightline.tasks.explore import explore
    from sightline.tasks.export import export
    from sightline.tasks.predict import predict
    from sightline.tasks.train import train

__all__ = [
    "Evaluation", "Faults", "Predictor", "Run", "SightlineError", "__version__", "audit", "compare", "evaluate",
    "explain", "explore", "export", "load", "predict", "train", "write_scenes",
]  # fmt: skip

_ROOMS = {
    "Predictor": "predictor", "Run": "runs.run", "load": "runs.run", "Evaluation": "runs.documents.evaluation",
    "Faults": "scenes.write", "write_scenes": "scenes.write",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sightline' has no attribute {name!r}")
    room = import_module(f"sightline.{_ROOMS.get(name, f'tasks.{name}')}")
    return getattr(room, name)


def __dir__() -> list[str]:
    return __all__
