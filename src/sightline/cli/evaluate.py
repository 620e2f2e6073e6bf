"""sightline evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json, table

if TYPE_CHECKING:
    from sightline.runs.documents.two_classes import TwoClasses


def evaluate(
    run: Path,
    data: str | None = None,
    /,
    *,
    moved: Annotated[Path | None, Parameter(name="--data")] = None,
    images: Path | None = None,
    device: str = "auto",
    positive: str | None = None,
    sensitivity: float | None = None,
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
    positive
        Of two classes the one that is looked for, such as cancer. Default: as the run was asked, else the one named so,
        else the rarer.
    sensitivity
        Of two classes: the share of the positive one that a second threshold should find. Default: as the run was
        asked, else 0.95.
    json
        Exactly the keys of evaluation.json on stdout; asked for with --positive or --sensitivity, also two_classes.
    """
    from sightline.judging.claims import sentences
    from sightline.system import words
    from sightline.tasks.evaluate import evaluate as judge

    found = judge(run, data, moved=moved, images=images, device=device, positive=positive, sensitivity=sensitivity)
    two = found.two_classes
    if json:
        asked = positive is not None or sensitivity is not None
        print_json(found.to_dict() | ({"two_classes": two and two.to_dict()} if asked else {}))
        return
    lines(
        f"Accuracy {found.headline}",
        *sentences(found, found.intervals, two),
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
    if two is not None:
        _show(two)


def _show(two: TwoClasses) -> None:
    """The figures of two classes as the report has them."""
    from sightline.judging.two_classes import READ, chosen
    from sightline.system import words

    lines("", f"{words.name(two.positive)} is the positive class: {two.why}.")
    rows = [["threshold", *(words.percent(point.threshold) for point in two.points)]]
    for figure, key, _, _ in READ:
        shares = ((getattr(point, key), getattr(point, f"{key}_ci95")) for point in two.points)
        rows.append([figure, *(f"{words.percent(share)} ({words.span(interval)})" for share, interval in shares)])
    table(["", *(chosen(point, two.wanted) for point in two.points)], rows)
    lines(
        f"AUC {words.percent(two.auc)} ({words.span(two.auc_ci95)}) · average precision"
        f" {words.percent(two.average_precision)} ({words.span(two.average_precision_ci95)})"
    )
