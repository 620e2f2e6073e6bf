"""sightline export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json


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
    from sightline.tasks.export import export as write

    found = write(run, form, out)
    if json:
        print_json(found)
        return
    lines(
        f"{found['folder']}: {found['bytes'] / 1e6:.1f} MB. The same labels on {found['checked_on']:,} photos of "
        f"{found['from']}, probabilities within {found['largest_difference']:.1g}.",
        f"Try it: python {Path(found['folder']) / 'predict.py'} PHOTO",
    )
