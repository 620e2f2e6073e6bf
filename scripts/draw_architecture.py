"""Draw docs/pictures/architecture.svg: the rooms of `sightline`, floor by floor, and which of them import which.

    python scripts/draw_architecture.py [FILE]

Floors come from the import-linter contract in pyproject.toml, arrows from the real imports (grimp), words from the
first line of each room's docstring. A test holds that the picture in the repository is the one that this draws.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
PACKAGE = "sightline"

# Drawn so that it can be read on a white page and on a dark one: boxes bring their own ground, arrows are in between.
BOX, NAME, WORDS, ARROW, WRONG = "#0f6674", "#ffffff", "#d6e8ea", "#7d9499", "#d1492e"
WIDTH, ROOM, HEIGHT, GAP, LONGEST = 1010, 710, 48, 10, 110
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"


def floors() -> list[list[str]]:
    """The rooms of each floor, the roof first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["type"] == "layers" and "containers" not in one)
    return [[room.strip().split(".")[-1] for room in layer.split("|")] for layer in contract["layers"]]


def arrows() -> set[tuple[str, str]]:
    """(room, the room that it imports from), for every import between two rooms."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            ends = [name.split(".")[1] for name in (module, imported) if "." in name]
            if len(set(ends)) == 2:
                found.add((ends[0], ends[1]))
    return found


def words(room: str) -> str:
    """The first line of a room's docstring, without its full stop; where it is long, what stands before the colon."""
    path = ROOT / "src" / PACKAGE / room
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = text.split("\n")[0].rstrip(".").replace("->", "→")
    return line if len(line) <= LONGEST else line.split(":")[0]


def draw(levels: list[list[str]], imports: set[tuple[str, str]]) -> str:
    """The picture as SVG.

    Args:
        levels: the rooms of each floor, the roof first.
        imports: (room, the room that it imports from); rooms on no floor, such as `__main__`, are left out.
    """
    tops, top = {}, 4.0
    for level in levels:
        for room in level:
            tops[room] = top
            top += HEIGHT + (2 if room != level[-1] else GAP)
    shown = [(a, b) for a, b in sorted(imports) if a in tops and b in tops]
    leaving, coming = ports(shown, tops)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" role="img" font-family="{FONT}">',
        f"<title>The rooms of {PACKAGE}, the roof first; arrows lead to the rooms that a room imports from</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto">'
        f'<path d="M0 0.8 7.5 4 0 7.2z" fill="{ARROW}"/></marker></defs>',
    ]
    for a, b in shown:
        parts.append(_arrow(a, b, leaving[a, b], coming[a, b]))
    for room, y in tops.items():
        parts.append(
            f'<g id="{room}"><rect x="4" y="{y:.0f}" width="{ROOM}" height="{HEIGHT}" rx="6" fill="{BOX}"/>'
            f'<text x="18" y="{y + 19:.0f}" font-size="15" font-weight="650" fill="{NAME}">{room}</text>'
            f'<text x="18" y="{y + 37:.0f}" font-size="12.5" fill="{WORDS}">{escape(words(room))}</text></g>'
        )
    return "\n".join([*parts, "</svg>", ""])


Ports = dict[tuple[str, str], float]


def ports(shown: list[tuple[str, str]], tops: dict[str, float]) -> tuple[Ports, Ports]:
    """Where each arrow leaves a room and where it comes in: spread over its side, so that bows nest and do not knot.

    Args:
        shown: (room, the room that it imports from).
        tops: the upper edge of each room.

    Returns:
        Heights of beginnings and of ends, by arrow.
    """
    leaving: Ports = {}
    coming: Ports = {}
    for room, top in tops.items():
        outward = sorted((arrow for arrow in shown if arrow[0] == room), key=lambda arrow: -tops[arrow[1]])
        inward = sorted((arrow for arrow in shown if arrow[1] == room), key=lambda arrow: -tops[arrow[0]])
        for found, arrows_here, first in ((coming, inward, top + 5), (leaving, outward[::-1], top + HEIGHT / 2 + 2)):
            for place, arrow in enumerate(arrows_here):
                found[arrow] = first + place * (HEIGHT / 2 - 7) / max(len(arrows_here) - 1, 1)
    return leaving, coming


def _arrow(a: str, b: str, start: float, end: float) -> str:
    """A bow on the right of the rooms; one that leads up, which no import should, is drawn in another colour."""
    reach = 20 + abs(end - start) * 0.345
    colour = ARROW if end > start else WRONG
    edge = ROOM + 4
    path = f"M{edge} {start:.1f}C{edge + reach:.0f} {start:.1f} {edge + reach:.0f} {end:.1f} {edge + 2} {end:.1f}"
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.1" stroke-opacity="0.8" '
        f'marker-end="url(#tip)"><title>{a} imports from {b}</title></path>'
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    target.write_text(draw(floors(), arrows()), encoding="utf-8")
