"""sightline demo"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.cli.printing import Json
from sightline.cli.train import show
from sightline.errors import UsageError


def demo(
    *,
    out: Path | None = None,
    scratch: Annotated[bool, Parameter(negative=())] = False,
    per_class: int | None = None,
    epochs: int | None = None,
    json: Json = False,
) -> None:
    """Do the main job on a set of drawn scenes: nothing to download, about two minutes.

    Draws about 1,800 pictures of six kinds of scene, fits a pretrained network to them, evaluates it and writes the
    report.

    Parameters
    ----------
    out
        The run folder. If the demo is there already, it is shown again. Default: runs/demo, or runs/demo-scratch.
    scratch
        Train a small network from random weights instead.
    per_class
        Pictures of each kind of scene. Default: 300.
    epochs
        Passes over the training pictures.
    json
        One JSON object on stdout.
    """
    from sightline.data.reading.catalog import demo_scenes
    from sightline.runs.folder import RunFolder
    from sightline.runs.run import Run
    from sightline.system.progress import note
    from sightline.tasks.train import train

    recipe = "demo-scratch" if scratch else "demo"
    out = out or Path("runs") / recipe
    if (out / "config.yaml").is_file() and RunFolder(out).status == "complete":
        given = [f"--{name}" for name, value in (("per-class", per_class), ("epochs", epochs)) if value is not None]
        if scratch and not RunFolder(out).config().scratch:
            given.append("--scratch")
        if given:
            raise UsageError(
                f"--out {out}: the demo is there already, as it was asked for then. To show it again leave out"
                f" {' and '.join(given)}; for another one choose another folder."
            )
        run = Run(out)
    else:
        run = train(demo_scenes(300 if per_class is None else per_class), recipe=recipe, out=out, epochs=epochs)
    show(run, as_json=json)
    if not json:
        note("With photos of yours, one folder for each class: sightline train YOUR_FOLDER")
