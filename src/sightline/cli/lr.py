"""sightline lr"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sightline.cli.printing import Json, lines, print_json


def lr(
    data: str,
    *,
    recipe: str = "default",
    model: str | None = None,
    weights: Path | None = None,
    scratch: bool | None = None,
    batch_size: int | None = None,
    img_size: int | None = None,
    fit: Literal["crop", "pad", "squash"] | None = None,
    steps: int = 100,
    out: Path | None = None,
    json: Json = False,
) -> None:
    """Find a learning rate: raise it step by step and see where the loss falls fastest (Smith 2017).

    Parameters
    ----------
    data
        A dataset, in any form that `train` takes.
    recipe
        The recipe whose last phase is tried.
    model
        A timm classification model (models --all), or one of Sightline's own.
    weights
        Pretrained weights, as `train` takes them.
    scratch
        Start from random weights.
    batch_size
        Photos in one step.
    img_size
        Pixels on a side.
    fit
        How photos become square: crop, pad or squash.
    steps
        Rates to try.
    out
        A folder for lr.csv and the plot lr.svg. Default: lr.
    json
        One JSON object on stdout.
    """
    from sightline.tasks.lr import find_lr

    folder = out or Path("lr")
    found = find_lr(
        data, recipe=recipe, model=model, weights=weights, scratch=scratch, batch_size=batch_size, img_size=img_size,
        fit=fit, steps=steps, out=folder,
    )  # fmt: skip
    if json:
        print_json({**found.to_dict(), "plot": str(folder / "lr.svg")})
    else:
        lines(f"Suggested peak learning rate: --lr {found.suggestion:.2g}", f"Plot: {folder / 'lr.svg'}")
