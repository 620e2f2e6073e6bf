"""sightline explain"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json


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
    from sightline.system import words
    from sightline.tasks.explain import explain as give_reasons

    found = give_reasons(run, images, out=out, of=of, neighbours=neighbours, device=device)
    if json:
        print_json({"page": str(found.page), **found.to_dict()})
        return
    for path, reason in found.photos:
        near = ", ".join(f"{other.label} {other.similarity:.2f}" for other in reason.neighbours)
        line = f"{path}: {reason.predicted} ({words.percent(reason.confidence)}, {reason.decision})"
        lines(line + (f"; like training photos of {near}" if near else ""))
    lines(f"Page: {found.page}")
