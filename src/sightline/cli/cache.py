"""sightline cache"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json, table


def cache(
    *,
    clear: Annotated[bool, Parameter(negative=())] = False,
    engines: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """See or clear the cache of decoded photos, features and engines.

    Parameters
    ----------
    clear
        Remove everything in it; it fills again as needed. With --engines: forget the choices alone.
    engines
        See which engine and which precision were found to be fastest here, for which network.
    json
        One JSON object on stdout.
    """
    from sightline.system import cache as store

    if engines:
        _engines(clear, json)
        return
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


def _engines(clear: bool, as_json: bool) -> None:
    from sightline.models import choices

    found = sorted(choices.read().values(), key=lambda choice: (choice.network, choice.size, choice.purpose))
    if clear:
        choices.clear()
    if as_json:
        print_json({"choices": [choice.to_dict() for choice in found], "removed": len(found) if clear else 0})
        return
    if clear:
        lines(f"Forgot {len(found)} choices; they are made anew when they are needed.")
        return
    if not found:
        lines("No choice has been made on this machine yet.")
        return
    rows = []
    for choice in found:
        made = choice.made[:16].replace("T", " ") + (", machine busy" if choice.under_load else "")
        words = [choice.network, choice.purpose, choice.device, choice.name, made]
        rows.append([*words, str(choice.size), str(choice.batch), f"{choice.images_per_second:,.0f}"])
    columns = ["network", "for", "on", "fastest", "found (UTC)", "pixels", "at once", "photos/s"]
    table(columns, rows, names=5, title="Found to be fastest here")
