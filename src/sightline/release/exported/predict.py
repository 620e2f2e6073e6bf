#!/usr/bin/env python3
"""Name what is on photos, with the model in this folder.

    python predict.py PHOTO...      prints CSV: path,predicted,confidence,p_<class>...,error

Or from Python: `from predict import predict; rows = predict(["a.jpg"])`. Needs numpy, Pillow, and onnxruntime (for
model.onnx) or torch (for model.pt2). Sightline is not needed. Labels and preprocessing are inside the model file.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

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
    """One photo as (size, size, 3) uint8: turned by EXIF, RGB, made square as in training."""
    size, fit = facts["size"], facts.get("fit", "crop")
    with Image.open(path) as file:
        if file.format == "JPEG":
            # Large JPEGs are unpacked at a fraction of their size, as they were in training.
            file.draft(None, (2 * size, 2 * size))
        image = to_rgb(ImageOps.exif_transpose(file))
    if image.size == (size, size):
        return np.array(image)
    if fit == "pad":
        longer = max(image.size)
        wide, high = (max(1, round(side * size / longer)) for side in image.size)
        left, top = (size - wide) // 2, (size - high) // 2
        out = np.full((size, size, 3), facts["border"], np.uint8)
        out[top : top + high, left : left + wide] = np.asarray(image.resize((wide, high), Image.Resampling.BICUBIC))
        return out
    short = min(image.size)
    left, top = (image.width - short) / 2, (image.height - short) / 2
    box = None if fit == "squash" else (left, top, left + short, top + short)
    return np.array(image.resize((size, size), Image.Resampling.BICUBIC, box=box))


def to_rgb(image: Image.Image) -> Image.Image:
    """Transparent parts show white; 16 bits become 8 by scaling; CMYK goes through its colour profile if it has one."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8)).convert("RGB")
    if image.mode == "CMYK" and image.info.get("icc_profile"):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
            turned = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            turned = None
        return turned or image.convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, (255, 255, 255))
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image.convert("RGB")


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
                row["error"] = f"{type(error).__name__}: {error}"
        answers = list(run(np.stack(pixels))) if good else []
        for row, p in zip(good, answers, strict=True):
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
