"""sightline compare · explain · export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from sightline.cli.app import Json, app, print_json


@app.command
def compare(*runs: Path, json: Json = False) -> None:
    """Is one run better than another? Paired on the same test photos, with intervals, class by class, and the cost.

    Parameters
    ----------
    runs
        Two or more complete runs. All are held against the first.
    json
        One JSON object on stdout.
    """
    from sightline import compare as comparing
    from sightline.runs import RunFolder

    found = comparing.compare([RunFolder.open(run) for run in runs])
    if json:
        print_json(found)
    else:
        Console(highlight=False).print(comparing.render(found))


@app.command
def explain(
    run: Path,
    *images: Path,
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
        Photos, or folders of photos.
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
    from sightline.reasons import give_reasons

    found = give_reasons(run, images, out=out, of=of, neighbours=neighbours, device=device)
    if json:
        print_json({"page": str(found.page), "photos": found.photos, "failed": found.failed})
        return
    for reason in found.photos:
        near = ", ".join(f"{other['label']} {other['similarity']:.2f}" for other in reason["neighbours"])
        line = f"{reason['path']}: {reason['predicted']} ({reason['confidence']:.1%}, {reason['decision']})"
        print(line + (f"; like training photos of {near}" if near else ""))
    print(f"Page: {found.page}")


@app.command
def export(
    run: Path,
    *,
    form: Annotated[Literal["onnx", "torch"], Parameter(name="--format")] = "onnx",
    out: Path | None = None,
    json: Json = False,
) -> None:
    """Write a folder that predicts without Sightline, and check that it gives the same answers.

    Parameters
    ----------
    run
        A complete run.
    form
        onnx: for ONNX Runtime. torch: for PyTorch alone, a .pt2 file.
    out
        The folder, new or empty. Default: RUN/export-onnx or RUN/export-torch.
    json
        One JSON object on stdout.
    """
    from sightline import export as exporting
    from sightline.runs import RunFolder

    found = exporting.export(RunFolder.open(run), form, out)
    if json:
        print_json(found)
        return
    print(
        f"{found['folder']}: {found['bytes'] / 1e6:.1f} MB. The same labels on {found['checked_on']:,} photos of "
        f"{found['from']}, probabilities within {found['largest_difference']:.1g}."
    )
    print(f"Try it: python {Path(found['folder']) / 'predict.py'} PHOTO")
