"""sightline models · recipes · datasets · cache"""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.table import Table

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

    from sightline.models import summary, zoo

    if name is None:
        listed = {"own": zoo.own_names(), "timm": [n for n in timm.list_models() if n not in zoo.own_names()]}
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


@app.command
def recipes(name: str | None = None, *, json: Json = False) -> None:
    """List the recipes, or print one.

    Parameters
    ----------
    name
        A recipe. Default: list all.
    json
        One JSON object on stdout.
    """
    from sightline import config

    if name is not None:
        text = config.recipe_text(name)
        if json:
            print_json(config.recipe(name))
        else:
            sys.stdout.write(text)
        return
    titles = {recipe: config.recipe_text(recipe).splitlines()[0].lstrip("# ") for recipe in config.recipe_names()}
    if json:
        print_json(titles)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for recipe, title in titles.items():
        table.add_row(f"[bold]{recipe}[/]", title)
    stdout().print(table)


@app.command
def datasets(name: str | None = None, *, json: Json = False) -> None:
    """List the public datasets that are known by name, or tell all of one.

    Parameters
    ----------
    name
        A dataset. Default: list all.
    json
        One JSON object on stdout.
    """
    from dataclasses import asdict

    from sightline.data import catalog

    chosen = [catalog.get(name)] if name else [catalog.get(each) for each in catalog.names()]
    if json:
        print_json({entry.name: json_module.loads(json_module.dumps(asdict(entry), default=str)) for entry in chosen})
        return
    for entry in chosen:
        lines(f"{entry.name}", *(f"  {line}" for line in catalog.describe(entry)))


@app.command
def cache(*, clear: Annotated[bool, Parameter(negative=())] = False, json: Json = False) -> None:
    """See or clear the cache of decoded photos, features and engines.

    Parameters
    ----------
    clear
        Remove everything in it; it fills again as needed.
    json
        One JSON object on stdout.
    """
    from sightline import cache as store

    removed = store.clear() if clear else 0
    sizes: dict[str, int] = {}
    for kind, _, size, _ in store.entries():
        sizes[kind] = sizes.get(kind, 0) + size
    if json:
        print_json({"folder": str(store.root()), "bytes": sizes, "limit": store.limit(), "removed": removed})
        return
    if clear:
        lines(f"Removed {removed / 1e6:,.0f} MB.")
    kinds = [f"  {kind}: {size / 1e6:,.0f} MB" for kind, size in sorted(sizes.items())]
    lines(f"{store.root()}: {sum(sizes.values()) / 1e6:,.0f} MB of at most {store.limit() / 1e9:,.0f} GB", *kinds)
