"""A camera of 12 bits that writes 16-bit files: one white for training, prediction, evaluation, export and pages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sightline
from deep_pictures import png, tiff
from sightline.data import preflight
from sightline.data.decoding.decode import decode
from sightline.data.decoding.fit import square
from sightline.data.reading.sources import open_dataset
from sightline.predictor import Predictor
from sightline.release import export
from sightline.runs.folder import RunFolder
from sightline.scenes.write import draw
from sightline.system import cache

SIZE = 48


def twelve(kind: str, number: int, light: float = 1.0) -> np.ndarray:
    """A scene as a camera of 12 bits gives it."""
    scene = np.asarray(draw(kind, number, 96).resize((72, 60))).astype(float)
    return np.rint(scene / 255 * 4095 * light).astype(np.uint16)


def write(root: Path, light: float = 1.0, per_class: int = 12) -> Path:
    """PNG, gray PNG, TIFF and some of 8 bits; `light` for one in three."""
    for kind in ("sea", "forest"):
        (root / kind).mkdir(parents=True)
        for number in range(per_class):
            values = twelve(kind, number, light if number % 3 == 0 else 1.0)
            place = root / kind / f"{number:02d}"
            if number % 4 == 0:
                place.with_suffix(".png").write_bytes(png(values))
            elif number % 4 == 1:
                place.with_suffix(".tif").write_bytes(tiff(values, "<>"[number % 8 > 3], packed=number > 5))
            elif number % 4 == 2:
                place.with_suffix(".png").write_bytes(png(np.ascontiguousarray(values[..., 1])))
            else:
                draw(kind, number, 96).save(place.with_suffix(".jpg"))
    return root


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("twelve") / "photos", light=0.2)


@pytest.fixture(scope="module")
def run(photos: Path, quick: dict, tmp_path_factory: pytest.TempPathFactory) -> sightline.Run:
    return sightline.train(photos, out=tmp_path_factory.mktemp("run") / "run", **{**quick, "epochs": 1})


def test_all_photos_count_and_the_run_knows_white(run: sightline.Run, photos: Path) -> None:
    assert len(run.folder.samples()) == 24
    assert not (run.folder.problems()["action"] == "left out").any()
    assert run.folder.known_dataset().white == 4095
    described = json.loads((run.path / "model" / "sightline.json").read_text())["preprocessing"]
    assert described["white"] == 4095
    assert "16-bit values from 0 to 4095" in described["steps"]
    assert json.loads((run.path / "model" / "config.json").read_text())["sightline_white"] == 4095
    assert "white is 4,095" in str(run.folder.problems().query("problem == '16-bit'")["detail"].iloc[0])


def test_training_saw_what_prediction_sees(run: sightline.Run, photos: Path) -> None:
    dataset, pixels = preflight.preflight(open_dataset(str(photos)), SIZE)
    predictor = Predictor.load(run.path, "cpu")
    assert (pixels.white, predictor.white) == (4095, 4095)
    for path, seen in zip(dataset.samples["path"], pixels.array, strict=True):
        assert (predictor.prepare(photos / path) == seen).all(), path
    test = run.predictions.set_index("path")
    told = sightline.load(run.path, "cpu").predict([photos / path for path in test.index])
    assert list(told["error"]) == [""] * len(test)
    assert list(told["predicted"]) == list(test["predicted"])
    np.testing.assert_allclose(told["p_sea"], test["p_sea"], atol=1e-4)


def test_a_dark_photo_stays_dark_however_it_comes(run: sightline.Run, photos: Path, tmp_path: Path) -> None:
    predictor = Predictor.load(run.path, "cpu")
    dim = twelve("forest", 5, light=0.2)
    (tmp_path / "dim.png").write_bytes(png(dim))
    (tmp_path / "dim.tif").write_bytes(tiff(dim))
    expected = square(decode(png(dim), white=4095, target=SIZE).image, SIZE)
    assert 20 < expected.max() < 60
    with Image.open(tmp_path / "dim.png") as opened:
        for given in (tmp_path / "dim.png", tmp_path / "dim.tif", dim, (tmp_path / "dim.png").read_bytes(), opened):
            assert (predictor.prepare(given) == expected).all()


def test_another_camera_is_a_row_with_error_and_eight_bits_are_as_ever(run: sightline.Run, tmp_path: Path) -> None:
    (tmp_path / "full.png").write_bytes(png(twelve("sea", 1) * 16))
    draw("sea", 1, 96).save(tmp_path / "eight.png")
    told = sightline.load(run.path, "cpu").predict([tmp_path / "full.png", tmp_path / "eight.png"])
    assert "where white is 4,095 for 16-bit photos" in told["error"][0]
    assert told["error"][1] == ""


def test_the_export_answers_the_same(run: sightline.Run, photos: Path, tmp_path: Path) -> None:
    export.export(run.folder, "torch", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "model.json").read_text())["white"] == 4095
    (tmp_path / "full.png").write_bytes(png(twelve("sea", 1) * 16))
    (tmp_path / "dark.png").write_bytes(png(twelve("sea", 1) // 64))
    paths = [str(path) for path in [*sorted(photos.rglob("*.*")), tmp_path / "full.png", tmp_path / "dark.png"]]
    code = "import json, sys; sys.path.insert(0, sys.argv[1]); import predict; "
    code += "print(json.dumps(predict.predict(sys.argv[2:])))"
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "out"), *paths]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    told = sightline.load(run.path, "cpu").predict(paths)
    assert [row["error"] for row in rows] == list(told["error"])
    assert all(told["error"].iloc[-2:])
    said = [row["probabilities"]["sea"] for row in rows[:-2]]
    np.testing.assert_allclose(said, told["p_sea"].to_numpy(float)[:-2], atol=1e-4)


def test_evaluation_and_going_on_keep_white(run: sightline.Run, quick: dict, tmp_path: Path) -> None:
    dim = write(tmp_path / "dim", light=0.2)
    for path in dim.rglob("*.*"):
        if path.suffix == ".jpg" or int(path.stem) % 3:
            path.unlink()
    alone = preflight.preflight(open_dataset(str(dim)), SIZE)[1]
    assert alone.white == 1023, "by themselves these would be taken for another camera's"
    found = sightline.evaluate(run.path, dim)
    assert found.n == len(alone)
    held = preflight.preflight(open_dataset(str(dim)), SIZE, white=4095)[1]
    assert held.array.max() < alone.array.max() / 3
    more = write(tmp_path / "more", light=1.0, per_class=9)
    options = {**quick, "epochs": 1, "recipe": "default", "continues": str(run.path)}
    again = sightline.train(more, out=tmp_path / "again", **options)
    assert again.folder.known_dataset().white == 4095


def test_caches_are_apart(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    dataset = open_dataset(str(photos))
    given, other, found = (preflight.preflight(dataset, SIZE, white=white)[1] for white in (4095, 16383, None))
    assert (given.array == found.array).all()
    assert len(other) < len(found), "some come out all but black beside that white"
    assert len(list((cache.root() / "pixels").iterdir())) == 2


def test_pages_say_it(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.tasks.audit._can_be_had", lambda name: False)
    seen = sightline.explore(photos, tmp_path / "explore")
    assert seen.found["white"] == 4095
    assert "The 16-bit photos use 12 bits: white is 4,095." in (tmp_path / "explore" / "explore.html").read_text()
    found = sightline.audit(photos, tmp_path / "audit")
    assert "The 16-bit photos use 12 bits: white is 4,095." in found.summary


def test_what_was_no_run_of_16_bits_knows_no_white(run_path: Path) -> None:
    assert RunFolder(run_path).known_dataset().white is None
    assert "sightline_white" not in (run_path / "model" / "config.json").read_text()
