"""sightline evaluate"""

from __future__ import annotations

from pathlib import Path

from sightline.cli.printing import Json, lines, print_json, table


def evaluate(run: Path, data: str | None = None, *, device: str = "auto", json: Json = False) -> None:
    """Judge a run on its own test part, or on every labelled photo of DATA.

    Parameters
    ----------
    run
        A run that is complete.
    data
        A labelled dataset, in any form that `train` takes. Default: the run's own test part; the ledger counts it.
    device
        auto, cpu, cuda, mps.
    json
        Exactly the keys of evaluation.json on stdout.
    """
    from sightline.tasks.evaluate import evaluate as judge

    found = judge(run, data, device=device)
    if json:
        print_json(found.to_dict())
        return
    lines(
        f"Accuracy {found.headline}",
        f"macro F1 {found.macro_f1:.3f} · log loss {found.log_loss:.3f} · ECE {found.ece:.3f}",
    )
    table(
        ["class", "precision", "recall", "F1", "photos"],
        [
            [name, *(f"{figure:.3f}" for figure in (row.precision, row.recall, row.f1)), f"{row.support:,}"]
            for name, row in found.per_class.items()
        ],
    )
