"""sightline models"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json, table
from sightline.errors import UsageError


def models(
    name: str | None = None,
    *,
    img_size: int | None = None,
    train: str | None = None,
    head: Literal["linear", "dense", "regularised"] | None = None,
    classes: int | None = None,
    box: Annotated[bool, Parameter(negative=())] = False,
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
        Which part learns: all, head, last:N, last:N%, or a regular expression. Default: all.
    head
        The layers on top: linear (the default); dense (flatten, 1,024, ReLU); regularised (batch norm, dropout, 256).
    classes
        How many classes; default: as many as the network comes with.
    box
        List the pretrained networks that need no network connection, with their speed here.
    json
        One JSON object on stdout.
    """
    import timm

    from sightline.models import catalogue, offline, summary

    of_one = {"--img-size": img_size, "--train": train, "--head": head, "--classes": classes}
    if name is None and (given := [flag for flag, value in of_one.items() if value is not None]):
        raise UsageError(f"{given[0]}: belongs to one network; name it: sightline models NAME {given[0]} …")
    if box:
        if name is not None:
            raise UsageError(f"--box lists all that is in the box; leave out {name}, or leave out --box.")
        rows = offline.describe()
        if json:
            print_json({"box": rows})
        else:
            _show_box(rows)
        return
    if name is None:
        own, every = catalogue.own_names(), timm.list_models()
        reasons = {network: reason for network in every if (reason := catalogue.reason_against(network))}
        listed = [network for network in every if network not in own and network not in reasons]
        if json:
            print_json({"own": own, "timm": listed, "not_taken": reasons})
            return
        lines(f"Sightline's own: {', '.join(own)}", f"From timm ({len(listed)}):")
        lines(", ".join(listed))
        for reason in sorted(set(reasons.values())):
            others = [network for network, why in reasons.items() if why == reason]
            lines("", f"Not taken ({len(others)}), since such a network {reason}:", ", ".join(others))
        return
    described = summary.describe(name, size=img_size, train=train or "all", head=head or "linear", classes=classes)
    if json:
        print_json(described)
    else:
        _show(described)


def _show(described: dict[str, Any]) -> None:
    rows = []
    for layer in described["layers"]:
        shape = "×".join(str(side) for side in layer["output"] or [])
        learns = "" if not layer["parameters"] else "yes" if layer["trainable"] else "no"
        count = f"{layer['parameters']:,}" if layer["parameters"] else ""
        rows.append([layer["name"], layer["kind"], shape, count, learns])
    title = f"{described['name']} at 3×{described['size']}×{described['size']}"
    table(["layer", "kind", "output", "parameters", "learns"], rows, names=3, title=title)
    totals = described["totals"]
    lines(
        f"Total parameters: {totals['parameters']:,}",
        f"Trainable parameters: {totals['trainable']:,}",
        f"Non-trainable parameters: {totals['non_trainable']:,}",
        f"Running statistics of norms (not parameters): {totals['running_statistics']:,}",
    )


def _show_box(rows: list[dict[str, Any]]) -> None:
    from sightline.models import box

    if not rows:
        lines(f"Nothing is in the box. It comes with: pip install {box.BOX[0].package}")
        return
    cells = []
    for row in rows:
        accuracy = "not measured" if row["accuracy"] is None else f"{100 * row['accuracy']:.1f} %"
        figures = [f"{row['megabytes']:.0f}", f"{row['parameters'] / 1e6:.1f}", f"{row['size']}"]
        cells.append([row["name"], *figures, f"{row['images_per_second']:,.0f}", accuracy])
    columns = ["network", "MB", "M parameters", "pixels", "photos/s here", "on intel-scenes"]
    table(columns, cells, title="In the box: pretrained on ImageNet, no network needed")
    if absent := [boxed.name for boxed in box.BOX if boxed.name not in {row["name"] for row in rows}]:
        lines(f"Also to be had: {', '.join(absent)}, with pip install 'sightline[weights]'.")
