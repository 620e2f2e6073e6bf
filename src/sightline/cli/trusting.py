"""sightline compare · explain · export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from sightline.cli.app import Json, app, print_json
from sightline.errors import SightlineError, UsageError


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
    import numpy as np

    from sightline.data.regular import Undecodable
    from sightline.data.walk import walk
    from sightline.explain import explain as reasons_of
    from sightline.files import replacing, write_json, write_text
    from sightline.predict import Predictor
    from sightline.progress import note, track
    from sightline.report import reasons_page
    from sightline.report.photos import jpeg, spotlight
    from sightline.runs import RunFolder

    if not images:
        raise UsageError("No IMAGE given: name photos, or folders of photos.")
    if neighbours < 0:
        raise UsageError(f"--neighbours {neighbours}: give a number from 0 up.")
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out}: is not empty. Choose another folder.")
    folder = RunFolder.open(run)
    predictor = Predictor.load(run, device)
    if of is not None and of not in predictor.classes:
        raise UsageError(f"--class {of}: the run has no such class. It knows {', '.join(predictor.classes)}.")
    files: list[Path] = []
    for path in images:
        files += [path / photo for photo in walk(path).tree.photos()] if path.is_dir() else [path]
    shown, pixels, failed = [], [], []
    for file in files:
        try:
            pixels.append(predictor.prepare(file))
            shown.append(file)
        except Undecodable as error:
            failed.append({"path": str(file), "error": f"{error.problem}: {error.detail}"})
            note(f"{file}: {error.problem}: {error.detail}")
    if not shown:
        raise SightlineError("None of the photos could be read. Give JPEG, PNG or another common format.")
    remembered, reasons = folder.extra("neighbours"), []
    with track("Explaining", len(shown)) as advance:
        for start in range(0, len(shown), 16):
            part = np.stack(pixels[start : start + 16])
            classes = None if of is None else [predictor.classes.index(of)] * len(part)
            reasons += reasons_of(predictor, part, remembered, classes, neighbours)
            advance(len(part))
    found = [{"path": str(path), **reason} for path, reason in zip(shown, reasons, strict=True)]
    place = out or folder.path / "explain"
    for number, (reason, photo) in enumerate(zip(found, pixels, strict=True), 1):
        with replacing(place / f"{number:03d}-{Path(reason['path']).stem[:60]}.jpg") as temporary:
            temporary.write_bytes(jpeg(np.hstack([photo, spotlight(photo, np.asarray(reason["heat"]))])))
    root = folder.dataset().get("root")
    html = reasons_page.render(found, pixels, folder.name, Path(root) if root else None)
    write_text(place / "explain.html", html)
    write_json(place / "explain.json", {"photos": found, "failed": failed})
    if json:
        print_json({"page": str(place / "explain.html"), "photos": found, "failed": failed})
        return
    for reason in found:
        near = ", ".join(f"{other['label']} {other['similarity']:.2f}" for other in reason["neighbours"])
        line = f"{reason['path']}: {reason['predicted']} ({reason['confidence']:.1%}, {reason['decision']})"
        print(line + (f"; like training photos of {near}" if near else ""))
    print(f"Page: {place / 'explain.html'}")


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
