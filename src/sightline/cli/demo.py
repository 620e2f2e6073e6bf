"""sightline demo"""

from __future__ import annotations

from pathlib import Path

from sightline.cli.printing import Json
from sightline.cli.train import show


def demo(*, out: Path = Path("runs/demo"), per_class: int = 300, epochs: int | None = None, json: Json = False) -> None:
    """Do the main job on a set of drawn scenes: nothing to download, about two minutes.

    Draws about 1,800 pictures of six kinds of scene, trains a small network from random weights, evaluates it and
    writes the report.

    Parameters
    ----------
    out
        The run folder. If the demo is there already, it is shown again.
    per_class
        Pictures of each kind of scene.
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

    if (out / "config.yaml").is_file() and RunFolder(out).status == "complete":
        run = Run(out)
    else:
        run = train(demo_scenes(per_class), recipe="demo", out=out, epochs=epochs)
    show(run, as_json=json)
    if not json:
        note(f"Next: sightline predict {run.path} PHOTO…   ·   sightline train YOUR_FOLDER   ·   make serve")
