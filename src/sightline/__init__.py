"""Sightline turns a folder of labelled photos into an image classifier you can trust.

    import sightline
    run = sightline.train("photos/", model="resnet34", epochs=5)
    run.evaluation.accuracy, run.evaluation.accuracy_ci95
    model = sightline.load("runs/2026-11-21-scenes")
    model.predict(["a.jpg", pil_image, array])

The names below load on first use: the processes that only decode photos import this package too, and they must
not pay for torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.api import Run, evaluate, load, train
    from sightline.errors import SightlineError

__version__ = "0.1.0"
__all__ = ["Run", "SightlineError", "__version__", "evaluate", "load", "train"]


def __getattr__(name: str) -> Any:
    if name == "SightlineError":
        from sightline.errors import SightlineError

        return SightlineError
    if name in __all__:
        from sightline import api

        return getattr(api, name)
    raise AttributeError(f"module 'sightline' has no attribute {name!r}")
