"""sightline evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json, table


def evaluate(
    run: Path,
    data: str | None = None,
    /,
    *,
    moved: Annotated[Path | None, Parameter(name="--data")] = None,
    images: Path | None = None,
    device: str = "auto",
    json: Json = False,
) -> None:
    """Judge a run on its own test part, or on every labelled photo of DATA.

    Parameters
    ----------
    run
        A run that is complete.
    data
        A labelled dataset, in any form that `train` takes. Default: the run's own test part; the ledger counts it.
    moved
        The folder that the run's own photos are in now, if they were moved since.
    images
        The folder that the paths of a manifest are relative to. Default: its own, or the one in it that holds them.
    device
        auto, cpu, cuda, mps.
    json
        Exactly the keys of evaluation.json on stdout.
    """
    from sightline.judging.claims import guess
    from sightline.system import words
    from sightline.tasks.evaluate import evaluate as judge

    found = judge(run, data, moved=moved, images=images, device=device)
    if json:
        print_json(found.to_dict())
        return
    lines(
        f"Accuracy {found.headline}",
        guess(found).sentence,
        f"macro F1 {words.percent(found.macro_f1)} · log loss {words.number(found.log_loss)}"
        f" · ECE {words.percent(found.ece)}",
    )
    table(
        ["class", "precision", "recall", "F1", "photos"],
        [
            [name, *(words.percent(figure) for figure in (row.precision, row.recall, row.f1)), f"{row.support:,}"]
            for name, row in found.per_class.items()
        ],
    )
