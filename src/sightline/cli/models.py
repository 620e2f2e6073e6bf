"""sightline models"""

from __future__ import annotations

from typing import Literal

from sightline.cli.app import Json, app, lines, print_json, stdout


@app.command
def models(
    name: str | None = None,
    *,
    img_size: int | None = None,
    train: str = "all",
    head: Literal["linear", "dense", "regularised"] = "linear",
    classes: int | None = None,
    json: Json = False,
) -> None:
    """List networks, or print the layers of one with their shapes and totals.

    Parameters
    ----------
    name
        A network. Default: list all.
    img_size
        Pixels on a side; default: what it was pretrained at.
    train
        Which part learns: all, head, last:N, last:N%, or a regular expression.
    head
        The layers on top: linear; dense (flatten, 1,024, ReLU); regularised (batch norm, dropout, 256).
    classes
        How many classes; default: as many as the network comes with.
    json
        One JSON object on stdout.
    """
    import timm

    from sightline.models import catalogue, summary

    if name is None:
        listed = {
            "own": catalogue.own_names(),
            "timm": [n for n in timm.list_models() if n not in catalogue.own_names()],
        }
        if json:
            print_json(listed)
            return
        lines(f"Sightline's own: {', '.join(listed['own'])}", f"From timm ({len(listed['timm'])}):")
        stdout().print(", ".join(listed["timm"]))
        return
    described = summary.describe(name, size=img_size, train=train, head=head, classes=classes)
    if json:
        print_json(described)
    else:
        summary.show(described, stdout())
