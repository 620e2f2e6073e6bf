"""From DATA and a recipe to a learning rate: opens and prepares the photos as `train` does, then runs the range test.

Only training photos are looked at, and nothing of the run is written but the table and the plot.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sightline import recipes
from sightline.models import engines
from sightline.report import learning, page
from sightline.runs import plan
from sightline.runs.documents.extras import LearningRates
from sightline.runs.prepare import open_data, prepare
from sightline.system.files import require_writable, write_table, write_text
from sightline.training import lr_finder


def find_lr(
    data: str | Path,
    *,
    recipe: str = "default",
    out: str | Path | None = None,
    steps: int = 100,
    set: Sequence[str] = (),
    **options: Any,
) -> lr_finder.Found:
    """Raise the learning rate step by step and see where the loss falls fastest, for the last phase of a recipe.

    The new head starts from random values here, also where the recipe would fit it to frozen features first; the
    suggestion is then on the careful side.

    Args:
        data: as `sightline.train` takes it.
        recipe: a name or a file.
        out: a folder for lr.csv and lr.svg; None writes nothing.
        steps: rates to try.
        set: `key=value` texts, as `sightline.train` takes them.
        options: any field of `sightline.config.Config`.

    Raises:
        UsageError: the options contradict each other or name what does not exist.
        SightlineError: the data or the weights cannot be read, or no phase takes gradient steps.
    """
    if out is not None:
        require_writable(out, folder=True)
    config = recipes.resolve(recipe, {**options, "data": data}, list(set))
    dataset = open_data(config)
    network = plan.build_network(config, dataset.classes, plan.image_size(config, dataset))
    prepared = prepare(dataset, config, network.size, network.fit)
    found = lr_finder.search(network, config, prepared.data(), device=engines.device_of(config.device), steps=steps)
    if out is not None:
        write_table(Path(out) / "lr.csv", found.table)
        curve = LearningRates(
            lr=tuple(found.table["lr"]), loss=tuple(found.table["smooth"]), suggestion=found.suggestion
        )
        write_text(Path(out) / "lr.svg", page.picture(learning.search(curve)))
    return found
