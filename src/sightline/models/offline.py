"""What training can start from without a connection, as `sightline models --box` lists it: its cost and its worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from sightline.models import autotune, box, engines, zoo
from sightline.models.trials import take_turns
from sightline.system.progress import track

_TRIED_WITH = 64  # photos


def describe(device: str = "auto") -> list[dict[str, Any]]:
    """The networks in the box that are installed, the default first.

    Args:
        device: where to measure how fast they are.

    Returns:
        For each: `name`; `megabytes` of its weights; `parameters` without a classifier; `size`, the pixels on a side
        that it was pretrained at; `images_per_second` here in its fastest engine at that size; `accuracy` on
        intel-scenes by the recipe `probe`, 0-1, or None where nobody has measured it.

    Raises:
        UsageError: there is no such device.
        SightlineError: a package does not hold what it should.
    """
    device = engines.device_of(device)
    installed, rows = box.installed(), []
    with track("Trying how fast they are", total=len(installed), unit="networks") as advance:
        for boxed in installed:
            network = zoo.build(boxed.name, classes=("one", "other"))
            sample = np.random.default_rng(0).integers(0, 256, (_TRIED_WITH, network.size, network.size, 3), np.uint8)
            head = network.module.get_classifier()
            engine = autotune.fastest_engine(network, sample, device=device, trained=False)
            batch = np.resize(sample, (engine.batch, *sample.shape[1:]))
            trials = take_turns({"it": lambda e=engine, b=batch: e(b)})  # type: ignore[misc]
            row = {
                "name": boxed.name,
                "megabytes": round(box.weights_of(boxed).stat().st_size / 1e6, 1),
                "parameters": network.parameters - sum(parameter.numel() for parameter in head.parameters()),
                "size": network.size,
                "images_per_second": round(engine.batch / trials.seconds["it"], 1),
                "accuracy": boxed.accuracy,
            }
            rows.append(row)
            advance(1)
    return rows
