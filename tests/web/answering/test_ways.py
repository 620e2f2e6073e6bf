"""A run that shows its network the whole photo, or 16-bit ones with a white of their own: the same everywhere."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

import sightline
from deep_pictures import png
from sightline.data.decoding.decode import decode
from sightline.data.decoding.fit import BORDER, square
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.predictor import Predictor
from sightline.release import export
from sightline.scenes.edge import draw_edge
from sightline.tasks.explain import explain
from sightline.web.answering.heat import placed

SIZE = 48


def deep(shape: str, number: int) -> bytes:
    """A photo three times as wide as high whose class shows at its edge, from a camera of 12 bits."""
    return png(np.asarray(draw_edge(shape, number, 60, 3)).astype(np.uint16) * 16)


@pytest.fixture(scope="module", params=["pad", pytest.param("squash", marks=pytest.mark.prove), "crop"])
def wide(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, quick: dict
) -> tuple[sightline.Run, str]:
    """A run on such photos, half of them of 8 bits."""
    place = tmp_path_factory.mktemp("wide")
    for shape in ("ball", "kite"):
        (place / "photos" / shape).mkdir(parents=True)
        for number in range(12):
            file = place / "photos" / shape / f"{number:02d}.png"
            if number % 2:
                draw_edge(shape, number, 60, 3).save(file)
            else:
                file.write_bytes(deep(shape, number))
    options = {**quick, "epochs": 1, "fit": request.param}
    return sightline.train(place / "photos", out=place / "runs" / "wide", **options), request.param


def test_training_saw_what_prediction_and_people_are_shown(wide: tuple[sightline.Run, str]) -> None:
    run, fit = wide
    root = run.folder.known_dataset().folder
    predictor = Predictor.load(run.path, "cpu")
    assert (predictor.fit, predictor.white) == (fit, 4095)
    dataset, pixels = preflight(open_dataset(str(root)), SIZE, fit)
    for path, seen in zip(dataset.samples["path"], pixels.array, strict=True):
        expected = square(decode(root / path, target=SIZE, white=4095).image, SIZE, fit)
        assert (predictor.prepare(root / path) == expected).all(), path
        assert (seen == expected).all(), path
        assert ((expected[0] == BORDER).all()) == (fit == "pad")
    told = predictor.predict([root / path for path in run.predictions["path"]])
    np.testing.assert_allclose(told["p_ball"], run.predictions["p_ball"], atol=1e-4)
    again = sightline.evaluate(run.path)
    assert again.accuracy == run.evaluation.accuracy
    found = explain(run.path, [root / run.predictions["path"].iloc[0]], out=run.path.parent.parent / "explained")
    assert found.failed == []


def test_the_site_answers_as_the_command_line(
    wide: tuple[sightline.Run, str], visitor: Client, other_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, fit = wide
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=run.path.parent))
    whites = []
    for content in (deep("ball", 0), deep("kite", 1)):
        response = visitor.post("/api/v1/predict", {"file": SimpleUploadedFile("x.png", content)})
        assert response.status_code == 200, response.content
        expected = Predictor.load(run.path, "cpu").predict([content]).iloc[0]
        for name, p in response.json()["prediction"]["probabilities"].items():
            assert p == pytest.approx(expected[f"p_{name}"], abs=1e-4)
    row = next(i for i, path in enumerate(run.folder.samples()["path"]) if path.endswith("00.png"))
    for kind in ("thumb", "photo"):
        picture = Image.open(io.BytesIO(visitor.get(f"/data/wide/{row}/{kind}.jpg").content))
        whites.append(np.asarray(picture).max())
        assert picture.width == pytest.approx(3 * picture.height, abs=2), "people see the whole"
    assert min(whites) > 150, "and not a black sheet"
    heat = np.asarray(Image.open(io.BytesIO(visitor.get(f"/data/wide/{row}/heat.jpg").content)).convert("HSV"))
    edge = heat[:, : heat.shape[1] // 5, 1].astype(int)
    assert (np.median(edge) < 12) == (fit == "crop"), "what the network is not shown is grey, and nothing else"


def test_heat_lies_where_the_network_looked(wide: tuple[sightline.Run, str]) -> None:
    run, fit = wide
    predictor = Predictor.load(run.path, "cpu")
    grid = np.zeros((4, 4), np.float32)
    grid[:, 0] = 1
    warmth, (left, top, right, bottom) = placed(grid, (180, 60), predictor)
    assert (left, top, right, bottom) == ((60, 0, 120, 60) if fit == "crop" else (0, 0, 180, 60))
    assert warmth.shape == (60, right - left, 1)
    third = (right - left) // 3
    assert warmth[:, : third // 2].mean() > 0.7
    assert warmth[:, 2 * third :].mean() < 0.05


def test_the_exported_predictor_answers_the_same(wide: tuple[sightline.Run, str], tmp_path: Path) -> None:
    run, fit = wide
    root = run.folder.known_dataset().folder
    export.export(run.folder, "torch", tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (facts["fit"], facts["white"]) == (fit, 4095)
    paths = [str(path) for path in sorted(root.rglob("*.png"))]
    code = "import json, sys; sys.path.insert(0, sys.argv[1]); import predict; "
    code += "print(json.dumps(predict.predict(sys.argv[2:])))"
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "out"), *paths]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    told = Predictor.load(run.path, "cpu").predict(paths)
    np.testing.assert_allclose([row["probabilities"]["ball"] for row in rows], told["p_ball"], atol=1e-4)
