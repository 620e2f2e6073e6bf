"""A run -> a folder that predicts without Sightline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from sightline.release import export as exporting
from sightline.runs.folder import RunFolder


def export(run: str | Path, form: Literal["onnx", "torch"] = "onnx", out: str | Path | None = None) -> dict[str, Any]:
    """Write a folder that predicts without Sightline, and check that it gives the same answers.

    Args:
        run: a complete run.
        form: onnx, for ONNX Runtime; torch, for PyTorch alone.
        out: the folder, new or empty; None: RUN/export-onnx or RUN/export-torch.

    Returns:
        folder, bytes, from, checked_on (photos) and largest_difference (of any probability).

    Raises:
        UsageError: there is no such run, or `out` is not empty.
        SightlineError: the exported network does not give the same answers.
    """
    return exporting.export(RunFolder.open(run), form, Path(out) if out is not None else None)
