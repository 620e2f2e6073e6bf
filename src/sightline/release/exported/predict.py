#!/usr/bin/env python3
"""Name what is on photos, with the model in this folder.

    python predict.py PHOTO...      prints CSV: path,predicted,confidence,p_<class>...,error

Or from Python: `from predict import predict; rows = predict(["a.jpg"])`. Needs numpy, Pillow 11.3 or later, and
onnxruntime (for model.onnx) or torch (for model.pt2); for HEIC photos pillow-heif too. Sightline is not needed: the
folder sightline_photos holds its code for reading photos. Labels and preprocessing are inside the model file.
"""

from __future__ import annotations

import csv
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
BATCH = 32


def load() -> tuple[dict[str, Any], Callable[[np.ndarray], np.ndarray]]:
    """The facts about the model (labels, size ...), and a function from pixels to probabilities."""
    if (HERE / "model.onnx").is_file():
        import onnxruntime

        session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])
        facts = json.loads(session.get_modelmeta().custom_metadata_map["sightline"])
        return facts, lambda pixels: session.run(["probabilities"], {"pixels": pixels})[0]

    import torch

    extra = {"sightline.json": ""}
    module: Any = torch.export.load(HERE / "model.pt2", extra_files=extra).module()

    def run(pixels: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            answer: np.ndarray = module(torch.from_numpy(pixels)).numpy()
        return answer

    return json.loads(extra["sightline.json"]), run


def prepare(path: str | Path, facts: dict[str, Any]) -> np.ndarray:
    """One photo as (size, size, 3) uint8, by the very code that prepared photos in training.

    Raises:
        Undecodable: it is no picture that can be read; says why.
    """
    decode, square = _photos("decode").decode, _photos("fit").square
    photo = decode(Path(path), target=facts["size"], white=facts["white"]).image
    pixels: np.ndarray = square(photo, facts["size"], facts["fit"])
    return pixels


def _photos(module: str) -> Any:
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(f"sightline_photos.data.decoding.{module}")


def predict(paths: Sequence[str | Path]) -> list[dict[str, Any]]:
    """One dict for each photo: path, predicted, confidence, probabilities {class: 0-1}, error ("" if all is well)."""
    return _predict(paths, *load())


def _predict(
    paths: Sequence[str | Path], facts: dict[str, Any], run: Callable[[np.ndarray], np.ndarray]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for start in range(0, len(paths), BATCH):
        good, pixels = [], []
        for path in paths[start : start + BATCH]:
            row: dict[str, Any] = {
                "path": str(path),
                "predicted": "",
                "confidence": None,
                "probabilities": {},
                "error": "",
            }
            rows.append(row)
            try:
                pixels.append(prepare(path, facts))
                good.append(row)
            except Exception as error:  # whatever is wrong with one photo, the others still get their answer
                row["error"] = str(error) or type(error).__name__
        answers = list(run(np.stack(pixels))) if good else []
        for row, p in zip(good, answers, strict=True):
            if not np.isfinite(p).all():
                row["error"] = "no-answer: the model gives no number for this photo"
                continue
            best = int(p.argmax())
            row.update(predicted=facts["labels"][best], confidence=float(p[best]))
            row["probabilities"] = dict(zip(facts["labels"], p.tolist(), strict=True))
    return rows


def main() -> None:
    """Print the table for the photos on the command line."""
    if len(sys.argv) < 2:
        sys.exit("usage: python predict.py PHOTO...")
    facts, run = load()
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["path", "predicted", "confidence", *(f"p_{label}" for label in facts["labels"]), "error"])
    for row in _predict(sys.argv[1:], facts, run):
        numbers = [row["probabilities"].get(label, "") for label in facts["labels"]]
        out.writerow([row["path"], row["predicted"], row["confidence"], *numbers, row["error"]])


if __name__ == "__main__":
    main()
