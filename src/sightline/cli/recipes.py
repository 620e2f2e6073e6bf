"""sightline recipes"""

from __future__ import annotations

import sys

from rich.table import Table

from sightline.cli.app import Json, app, print_json, stdout


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
