"""sightline cache"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json


def cache(*, clear: Annotated[bool, Parameter(negative=())] = False, json: Json = False) -> None:
    """See or clear the cache of decoded photos, features and engines.

    Parameters
    ----------
    clear
        Remove everything in it; it fills again as needed.
    json
        One JSON object on stdout.
    """
    from sightline.system import cache as store

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
