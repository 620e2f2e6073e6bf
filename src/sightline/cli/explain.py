"""sightline explain"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json
from sightline.system import words

if TYPE_CHECKING:
    from sightline.judging.heat import Reason

_MEANING = {
    "answer": "sure enough to be relied on",
    "unsure": "several classes remain possible; a person should look",
    "unfamiliar": "unlike the training photos, so the answer may mean nothing",
}


def explain(
    run: Path,
    *images: str,
    out: Path | None = None,
    of: Annotated[str | None, Parameter(name="--class")] = None,
    neighbours: int = 4,
    device: str = "auto",
    json: Json = False,
) -> None:
    """Why this answer? Where the network looked, and the training photos that the photo resembles.

    Parameters
    ----------
    run
        A complete run.
    images
        Photos, folders of photos, patterns in quotes such as 'photos/*.jpg', or - for a list on standard input.
    out
        Folder for explain.html, explain.json and one picture for each photo; new or empty. Default: RUN/explain.
    of
        Explain this class. Default: the one predicted.
    neighbours
        Training photos shown for each photo.
    device
        auto, cpu, cuda, mps.
    json
        One JSON object on stdout, with the reasons under "photos".
    """

    from sightline.tasks.explain import explain as give_reasons

    found = give_reasons(run, images, out=out, of=of, neighbours=neighbours, device=device)
    if json:
        print_json({"page": str(found.page), **found.to_dict()})
        return
    for path, reason in found.photos:
        lines(path, *(f"  {line}" for line in in_words(reason)))
    lines(f"Page: {found.page}")


def in_words(reason: Reason) -> list[str]:
    """Four lines of why a photo is answered as it is."""
    near = ", ".join(f"{other.label} {other.similarity:.2f}" for other in reason.neighbours)
    return [
        f"Answer: {reason.predicted}, {words.percent(reason.confidence)} sure",
        f"Decision: {reason.decision}: {_MEANING.get(reason.decision, '')}",
        f"Looked at, for {reason.explained}: {_where(reason.heat)}",
        f"Like training photos of: {near or 'none is remembered'}",
    ]


def _where(heat: tuple[tuple[float, ...], ...]) -> str:
    """The part of the photo in which the heat lies, in words."""
    total = sum(map(sum, heat))
    if not total:
        return "nothing in particular"
    rows, columns = len(heat), len(heat[0])
    down = sum(sum(row) * (y + 0.5) for y, row in enumerate(heat)) / total / rows
    across = sum(sum(row[x] for row in heat) * (x + 0.5) for x in range(columns)) / total / columns
    vertical = "upper" if down < 0.42 else "lower" if down > 0.58 else ""
    sideways = "left" if across < 0.42 else "right" if across > 0.58 else ""
    place = " ".join(filter(None, ("the", vertical, sideways, "part"))) if vertical or sideways else "the middle"
    cells = sorted((value for row in heat for value in row), reverse=True)
    half, most = 0.0, 0
    while half < total / 2:
        half, most = half + cells[most], most + 1
    share = max(1, round(100 * most / len(cells)))
    return f"mostly {place}; half of the weight lies on {share}{words.NO_BREAK}% of the photo"
