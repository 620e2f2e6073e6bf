"""A run -> a folder that predicts without Sightline, checked before it is handed over.

The exported model takes pixels as they come out of a photo (n, S, S, 3, uint8) and gives calibrated probabilities:
normalising, mirror averaging and the temperature are inside, and so are the labels. Beside it lies one short script
that prepares photos the way training did. The check runs that very script in a process of its own and holds its
answers against the run's own model; an export that does not agree is removed and the command fails.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from sightline.data.decoding.fit import steps
from sightline.errors import SightlineError, UsageError
from sightline.models import engines
from sightline.models.network import Forward
from sightline.predictor import Predictor
from sightline.release import carried
from sightline.runs.folder import RunFolder
from sightline.scenes.write import CLASSES, draw
from sightline.system.files import replacing, require_free, write_json, write_text
from sightline.system.marker import MARKER, mark
from sightline.system.processes import is_short_of_memory
from sightline.system.progress import note
from sightline.trust import answers
from sightline.version import __version__

Format = Literal["onnx", "torch"]
FORMATS: tuple[Format, ...] = ("onnx", "torch")
PHOTOS = 500
TOLERANCE = 1e-3


class _Answer(torch.nn.Module):
    """Pixels (n, S, S, 3) uint8 -> calibrated probabilities (n, K) float32."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.forward_pixels = Forward(predictor.network)
        self.mirror = predictor.tta == "flip"
        self.temperature = predictor.temperature

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        _, logits = self.forward_pixels(pixels)
        if self.mirror:
            logits = (logits + self.forward_pixels(pixels.flip(2))[1]) / 2
        return torch.softmax(logits / self.temperature, dim=1)


def export(run: RunFolder, form: Format = "onnx", out: str | Path | None = None) -> dict[str, Any]:
    """Write a folder that predicts without Sightline, and check it.

    Args:
        run: a complete run.
        form: "onnx" for ONNX Runtime, "torch" for PyTorch alone (a .pt2 file of torch.export).
        out: the folder, new or empty; None: RUN/export-<form>.

    Returns:
        folder, format, files, bytes, checked_on (photos), from ("the dataset" or "drawn scenes"), equal_labels (True),
        largest_difference (of a probability).

    Raises:
        UsageError: the format is unknown, a library is missing, or `out` is not empty.
        SightlineError: the network cannot be exported, or the export does not agree with the run.
    """
    if form not in FORMATS:
        raise UsageError(f"--format {form}: there is none of this name. Choose {' or '.join(FORMATS)}.")
    if form == "onnx":
        _require_onnx()
    folder = Path(out) if out is not None else run.path / f"export-{form}"
    require_free(folder)
    predictor = Predictor.load(run.path, device="cpu")
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SightlineError(
            f"--out {folder}: cannot be made ({error.strerror}). Choose another folder with --out."
        ) from error
    try:
        mark(folder, "an export")
        _write(predictor, form, folder)
        checked = check(run, predictor, folder)
    except BaseException:
        # What does not hold must not lie about looking finished.
        shutil.rmtree(folder, ignore_errors=True)
        if not made:
            folder.mkdir(exist_ok=True)
        raise
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MARKER)
    return {
        "folder": str(folder),
        "format": form,
        "files": [path.name for path in files],
        "bytes": sum(path.stat().st_size for path in files),
        **checked,
    }


def check(run: RunFolder, predictor: Predictor, folder: Path, photos: int = PHOTOS) -> dict[str, Any]:
    """Run the exported folder's own script and hold its answers against the run's model in plain float32.

    Uses photos of the run's training and validation parts, never of its test part; drawn scenes where the photos are
    gone.

    Raises:
        SightlineError: the script fails, a label differs, or a probability differs by more than 1e-3.
    """
    network = predictor.network
    reference = Predictor(
        network, engines.make("eager", network, "cpu"), tta=predictor.tta, temperature=predictor.temperature
    )
    with tempfile.TemporaryDirectory(prefix="sightline-") as place:
        paths, origin = _photos(run, photos), "the dataset"
        if not paths:
            paths, origin = _drawn(Path(place), photos, network.size), "drawn scenes"
        note(f"Checking the export on {len(paths):,} photos of {origin}.")
        table = reference.predict(paths)
        good = (table["error"] == "").to_numpy()
        paths = [path for path, kept in zip(paths, good, strict=True) if kept]
        expected = table.loc[good, answers.columns(predictor.classes)].to_numpy(np.float64)
        found = _answers(folder, paths, predictor.classes)
    difference = float(np.abs(found - expected).max())
    unequal = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
    if unequal or not difference <= TOLERANCE:
        raise SightlineError(
            f"{folder}: the export does not agree with the run: {unequal:,} of {len(paths):,} labels differ, and "
            f"probabilities by up to {difference:.2g} ({TOLERANCE:g} is allowed).\n"
            "It was removed. Try the other --format."
        )
    return {"checked_on": len(paths), "from": origin, "equal_labels": True, "largest_difference": difference}


def _write(predictor: Predictor, form: Format, folder: Path) -> None:
    size = predictor.size
    facts = {
        "labels": list(predictor.classes),
        "size": size,
        "fit": predictor.fit,
        "white": predictor.white,
        "input": f"pixels: (n, {size}, {size}, 3) uint8, RGB",
        "output": f"probabilities: (n, {len(predictor.classes)}) float32, calibrated, in the order of labels",
        "preprocessing": steps(predictor.fit, predictor.white),
        "inside": {
            "mean": list(predictor.network.mean),
            "std": list(predictor.network.std),
            "tta": predictor.tta,
            "temperature": predictor.temperature,
        },
        "sets": predictor.fitted.model_dump(mode="json", exclude={"temperature"}),
        "made_by": f"sightline {__version__}",
    }
    answer = _Answer(predictor).eval()
    # Two different photos: an export of a batch of one would fix the batch at one.
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the exporters warn of their own deprecated internals
            shapes = ({0: torch.export.Dim("n")},)
            program = torch.export.export(answer, (example,), dynamic_shapes=shapes)
            if form == "torch":
                with replacing(folder / "model.pt2") as temporary:
                    torch.export.save(program, temporary, extra_files={"sightline.json": json.dumps(facts)})
            else:
                _write_onnx(program, facts, folder / "model.onnx")
    except (SightlineError, OSError):
        raise
    except Exception as error:  # the exporters raise whatever a network makes them trip over
        if is_short_of_memory(error):
            raise
        raise SightlineError(
            f"{predictor.network.architecture}: cannot be exported to {form}: a step of it has no counterpart there."
            f" Try --format {next(other for other in FORMATS if other != form)}."
        ) from error
    script = resources.files("sightline.release.exported").joinpath("predict.py").read_text(encoding="utf-8")
    write_text(folder / "predict.py", script)
    carried.write(folder)
    write_json(folder / "model.json", facts)


def _write_onnx(program: Any, facts: dict[str, Any], path: Path) -> None:
    exported = torch.onnx.export(
        program, dynamo=True, input_names=["pixels"], output_names=["probabilities"], verbose=False
    )
    assert exported is not None
    exported.model.metadata_props["sightline"] = json.dumps(facts)
    with replacing(path) as temporary:
        exported.save(temporary, external_data=False)


def _answers(folder: Path, paths: list[str], classes: tuple[str, ...]) -> np.ndarray:
    """What the exported script prints for these photos: (n, K)."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:surrogateescape"}
    # -I: nothing of this program's folders is on its path.
    command = [sys.executable, "-I", "-W", "ignore", str(folder / "predict.py"), *paths]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SightlineError(f"{folder / 'predict.py'}: fails ({' '.join(last)}). The export was removed.")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8", "surrogateescape"), newline="")))
    failed = [row for row in rows if row["error"]]
    if failed or len(rows) != len(paths):
        example = f"{failed[0]['path']}: {failed[0]['error']}" if failed else f"{len(rows)} rows"
        raise SightlineError(
            f"{folder / 'predict.py'}: cannot read what the run can ({example}). The export was removed."
        )
    return np.array([[float(row[f"p_{name}"]) for name in classes] for row in rows])


def _photos(run: RunFolder, most: int) -> list[str]:
    samples, described = run.samples(), run.dataset()
    if not len(samples) or described is None:
        return []
    seen = samples.loc[samples["split"] != "test", "path"]
    chosen = seen.sample(min(most, len(seen)), random_state=0)
    root = described.folder
    return [str(root / path) for path in chosen if (root / path).is_file()]


def _drawn(folder: Path, count: int, size: int) -> list[str]:
    """Scenes as PNG, some larger and some not square, so that resizing and cropping are checked too."""
    paths = []
    for i in range(count):
        image = draw(CLASSES[i % len(CLASSES)], i, 96)
        image = image.resize((size + 13 * (i % 7), size + 17 * (i % 5)))
        path = folder / f"{i}.png"
        image.save(path)
        paths.append(str(path))
    return paths


def _require_onnx() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("onnx", "onnxruntime", "onnxscript") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--format onnx needs {', '.join(missing)}: pip install 'sightline[export]', or --format torch."
        )
