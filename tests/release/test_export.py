"""An export predicts without Sightline, agrees with its run, and is refused where it does not."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import odd_photos
import odder_photos
from sightline import config
from sightline.errors import SightlineError, UsageError
from sightline.models import engines, zoo
from sightline.predictor import Predictor
from sightline.release import export
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.folder import RunFolder
from sightline.scenes.write import draw
from sightline.trust import familiarity

CLASSES = ("forest, dark", "sea")


def make_run(folder, photos, *, tta="flip", head="linear", fit="crop", white=None):
    """A run around a network with random weights: it need not be right to be exported rightly."""
    torch.manual_seed(0)
    network = zoo.build("plain_cnn", classes=CLASSES, scratch=True, head=head, size=64)
    network.module.eval()
    network.fit, network.white = fit, white
    engine = engines.make("eager", network)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    known = familiarity.fit(engine(pixels)[0], engine(pixels)[0])
    run = RunFolder.create(folder)
    run.write_config(config.Config())
    predictor = Predictor(network, engine, tta=tta, temperature=0.7, threshold=0.2, familiarity=known)
    predictor.save(run.model, dataset="x", origin="random weights")
    paths = sorted(path.name for path in photos.iterdir()) if photos else ["gone.jpg"]
    samples = pd.DataFrame({"path": paths, "label": CLASSES[0], "split": "train", "digest": paths})
    described = DatasetFacts(name="x", root=str(photos or folder / "nowhere"), classes=CLASSES)
    run.write_data(described, samples, pd.DataFrame())
    return run


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photos of many kinds: large and small, upright, transparent, grey, sixteen bits, palette."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(6):
        draw("forest" if i % 2 else "sea", i, 96).resize((80 + 90 * i, 400 - 60 * i)).save(folder / f"{i}.jpg")
    scene = draw("street", 1, 96)
    exif = Image.Exif()
    exif[0x0112] = 6
    scene.resize((90, 150)).save(folder / "turned.jpg", exif=exif)
    scene.convert("L").save(folder / "grey.png")
    scene.quantize(16).save(folder / "palette.png")
    scene.convert("CMYK").save(folder / "print.jpg")
    clear = scene.convert("RGBA")
    clear.putalpha(Image.radial_gradient("L").resize(scene.size))
    clear.save(folder / "clear.png")
    Image.fromarray(np.asarray(scene.convert("L")).astype(np.uint16) * 257).save(folder / "deep.png")
    return folder


@pytest.fixture(scope="module", params=["onnx", "torch"])
def exported(request, tmp_path_factory, photos):
    place = tmp_path_factory.mktemp(request.param)
    # The two forms share their script: one of them is tried with all that may be otherwise about a photo.
    ways = {"onnx": {}, "torch": {"fit": "pad", "white": 4095}}
    run = make_run(place / "run", photos, **ways[request.param])
    return run, export.export(run, request.param, place / "out")


def test_the_export_is_checked_on_the_run_s_own_photos(exported, photos):
    _, result = exported
    assert result["equal_labels"] and result["largest_difference"] < 1e-5
    readable = len(list(photos.iterdir())) - (result["format"] == "torch")  # deep.png is of another white
    assert (result["from"], result["checked_on"]) == ("the dataset", readable)
    assert {"predict.py", "model.json"} < set(result["files"])


def test_the_folder_predicts_elsewhere_without_sightline(exported, photos, tmp_path):
    run, result = exported
    moved = shutil.copytree(result["folder"], tmp_path / "moved here")
    block = "import sys; sys.modules['sightline'] = None; sys.argv = sys.argv[1:]; import runpy; "
    block += "runpy.run_path(sys.argv[0], run_name='__main__')"
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    paths = [str(path) for path in sorted(photos.iterdir())] + [str(tmp_path / "broken.jpg")]
    command = [sys.executable, "-W", "ignore", "-c", block, str(moved / "predict.py"), *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["path"] for row in rows] == paths
    assert rows[-1]["error"] and not rows[-1]["predicted"]
    table = Predictor.load(run.path, "cpu").predict(paths)
    assert_alike(rows, table)


def assert_alike(rows, table):
    """The same answer, or the same refusal, from the exported script and from the run itself."""
    assert [row["error"] for row in rows] == list(table["error"])
    good = (table["error"] == "").to_numpy()
    said = np.array([[float(row[f"p_{name}"] or "nan") for name in CLASSES] for row in rows])
    np.testing.assert_allclose(said[good], table[[f"p_{name}" for name in CLASSES]].to_numpy(float)[good], atol=1e-3)
    assert [row["predicted"] for row, answered in zip(rows, good, strict=True) if answered] == list(
        table["predicted"][good]
    )


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    paths = odd_photos.write(tmp_path_factory.mktemp("odd"))
    assert len(paths) >= 130
    return [str(path) for path in paths]


def told(result, paths):
    """What the exported script says of files, one dict each."""
    command = [sys.executable, "-I", "-W", "error", f"{result['folder']}/predict.py", *paths]
    done = subprocess.run(command, capture_output=True, check=True)
    return list(csv.DictReader(done.stdout.decode().splitlines()))


def test_odd_files_get_the_same_answer_or_the_same_refusal(exported, odd):
    run, result = exported
    table = Predictor.load(run.path, "cpu").predict(odd)
    assert_alike(told(result, odd), table)
    assert 80 < (table["error"] == "").sum() < len(odd) - 30, "both kinds are there in number"


def test_files_that_nobody_thinks_of_too(exported, tmp_path):
    run, result = exported
    paths = [str(path) for path in odder_photos.write(tmp_path)]
    assert len(paths) >= 200
    table = Predictor.load(run.path, "cpu").predict(paths)
    assert_alike(told(result, paths), table)
    assert 100 < (table["error"] == "").sum() < len(paths) - 40, "both kinds are there in number"


def test_what_a_missing_package_costs_is_said(exported, odd, tmp_path):
    _, result = exported
    block = "import sys; sys.modules['pillow_heif'] = None; sys.argv = sys.argv[1:]; import runpy; "
    block += "runpy.run_path(sys.argv[0], run_name='__main__')"
    photo = next(path for path in odd if path.endswith("/HEIF.x"))
    command = [sys.executable, "-W", "ignore", "-c", block, f"{result['folder']}/predict.py", photo]
    (row,) = csv.DictReader(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
    assert row["error"].startswith("unsupported: HEIC: it needs the package pillow-heif")


def test_labels_and_preprocessing_are_inside_the_model(exported):
    _, result = exported
    if result["format"] == "onnx":
        import onnx

        model = onnx.load(f"{result['folder']}/model.onnx")
        facts = json.loads({entry.key: entry.value for entry in model.metadata_props}["sightline"])
    else:
        extra = {"sightline.json": ""}
        torch.export.load(f"{result['folder']}/model.pt2", extra_files=extra)
        facts = json.loads(extra["sightline.json"])
    assert facts["labels"] == list(CLASSES) and facts["size"] == 64
    assert ("centre crop" if facts["fit"] == "crop" else "from 0 to 4095; longer side") in facts["preprocessing"]
    assert facts["inside"]["tta"] == "flip"


def test_an_export_that_does_not_agree_is_removed(tmp_path, photos, monkeypatch):
    run = make_run(tmp_path / "run", photos)
    true = export._Answer.forward
    monkeypatch.setattr(export._Answer, "forward", lambda self, pixels: true(self, pixels).flip(1))
    with pytest.raises(SightlineError, match=r"does not agree with the run: 1[0-9] of 1[0-9] labels"):
        export.export(run, "torch")
    assert not (run.path / "export-torch").exists()


def test_probabilities_that_are_a_little_off_are_refused(exported, monkeypatch):
    run, result = exported
    true = export._answers
    monkeypatch.setattr(export, "_answers", lambda *given: true(*given) * 0.99 + 0.005)
    with pytest.raises(SightlineError, match=r"0 of 1\d labels differ, and probabilities by up to 0\.00"):
        export.check(run, Predictor.load(run.path, "cpu"), Path(result["folder"]))


def test_without_the_dataset_drawn_scenes_serve(exported, monkeypatch):
    run, result = exported
    monkeypatch.setattr(export, "_photos", lambda *_: [])
    checked = export.check(run, Predictor.load(run.path, "cpu"), Path(result["folder"]), photos=12)
    assert (checked["from"], checked["checked_on"]) == ("drawn scenes", 12)


def test_a_dense_head_goes_out_too(tmp_path, photos):
    assert export.export(make_run(tmp_path / "run", photos, head="dense", tta="none"), "onnx")["equal_labels"]


def test_a_folder_in_use_is_left_alone(tmp_path, photos):
    run = make_run(tmp_path / "run", photos)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        export.export(run, "torch", tmp_path / "out")
    with pytest.raises(UsageError, match="onnx or torch"):
        export.export(run, "tflite")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
