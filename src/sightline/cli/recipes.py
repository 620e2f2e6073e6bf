"""sightline recipes"""

from __future__ import annotations

from sightline.cli.printing import Json, lines, on_terminal, print_json, table, verbatim


def recipes(name: str | None = None, *, json: Json = False) -> None:
    """List the recipes, or print one.

    Parameters
    ----------
    name
        A recipe. Default: list all.
    json
        One JSON object on stdout.
    """
    from sightline import recipes as shipped

    if name is not None:
        text = shipped.text(name)
        if json:
            print_json(shipped.values(name))
        elif on_terminal():
            lines(text.rstrip("\n"))  # folded, it is the same YAML
        else:
            verbatim(text)
        return
    titles = {recipe: shipped.text(recipe).splitlines()[0].lstrip("# ") for recipe in shipped.names()}
    if json:
        print_json(titles)
        return
    table(["recipe", "title"], [[name, title] for name, title in titles.items()], names=2, header=False)
