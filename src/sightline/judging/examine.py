"""What a finished run can say beyond its figures: reasons, robustness, how far to trust them."""

from __future__ import annotations

import numpy as np

from sightline.config import Config
from sightline.errors import SightlineError
from sightline.judging.assess import assess
from sightline.judging.heat import explain
from sightline.judging.robustness import robustness
from sightline.models.trials import rate
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Cost, Explained, Explanations, Neighbours
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Prepared

_EXPLAINED = 12  # of the most confidently wrong test photos
_TIMED = 64  # photos


def examine(predictor: Predictor, config: Config, prepared: Prepared, run: RunFolder) -> None:
    """Write RUN/extras: model, explanations, robustness, and all that `assess` finds.

    Raises:
        SightlineError: a file of the run is damaged or cannot be written.
    """
    test = prepared.rows("test")
    run.write_extra(_cost(predictor, prepared.pixels.take(test[:_TIMED])))
    _explain_mistakes(predictor, prepared, run)
    if config.robustness_seconds:
        found = robustness(
            predictor, prepared.pixels.subset(test), prepared.labels[test], seconds=config.robustness_seconds
        )
        run.write_extra(found)
    assess(run)


def _cost(predictor: Predictor, pixels: np.ndarray) -> Cost:
    """The network's size, and photos a second in its whole answer."""
    speed = rate(lambda: predictor.raw(pixels), len(pixels))
    return Cost(parameters=predictor.network.parameters, images_per_second=round(speed, 1))


def _explain_mistakes(predictor: Predictor, prepared: Prepared, run: RunFolder) -> None:
    """Where the network looked, and what it remembered, in the test photos that it got most confidently wrong."""
    predictions = run.predictions()
    wrong = predictions[(predictions["split"] == "test") & (predictions["label"] != predictions["predicted"])]
    wrong = wrong.sort_values("confidence", ascending=False, kind="stable").head(_EXPLAINED)
    if not len(wrong):
        return
    row_of = {path: row for row, path in enumerate(prepared.dataset.samples["path"])}
    pixels = prepared.pixels.take(np.array([row_of[path] for path in wrong["path"]]))
    try:
        reasons = explain(predictor, pixels, run.extra(Neighbours))
    except SightlineError as error:  # a network without a grid of places has no heat to show
        run.log(f"no explanations: {error}")
        return
    photos = tuple(
        Explained(path=path, heat=reason.heat, neighbours=reason.neighbours)
        for path, reason in zip(wrong["path"], reasons, strict=True)
    )
    run.write_extra(Explanations(photos=photos))
