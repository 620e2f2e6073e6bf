"""sightline evaluate"""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from sightline.cli.app import Json, app, lines, print_json, stdout


@app.command
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
    table = Table("class", "precision", "recall", "F1", "photos", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in found.per_class.items():
        cells = (f"{figure:.3f}" for figure in (row.precision, row.recall, row.f1))
        table.add_row(name, *cells, f"{row.support:,}")
    lines(
        f"Accuracy {found.headline}",
        f"macro F1 {found.macro_f1:.3f} · log loss {found.log_loss:.3f} · ECE {found.ece:.3f}",
    )
    stdout().print(table)
