"""sightline compare, explain and export, as a person types them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from sightline import config
from sightline.cli import main
from sightline.judging.figures import evaluate
from sightline.models import engines, zoo
from sightline.predictor import Predictor
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.extras import Neighbours
from sightline.runs.folder import RunFolder
from sightline.scenes.write import draw
from sightline.trust import familiarity

CLASSES = ("forest", "sea")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs around networks with random weights on twelve drawn photos: enough to be asked for reasons."""
    place = tmp_path_factory.mktemp("runs")
    photos = place / "photos"
    photos.mkdir()
    for i in range(12):
        draw(CLASSES[i % 2], i, 96).save(photos / f"{i}.jpg")
    found = []
    for seed in range(2):
        torch.manual_seed(seed)
        network = zoo.build("plain_cnn", classes=CLASSES, scratch=True, size=64)
        engine = engines.make("eager", network)
        predictor = Predictor(network, engine, threshold=0.2)
        pixels = np.stack([predictor.prepare(photos / f"{i}.jpg") for i in range(12)])
        embeddings, _ = engine(pixels)
        predictor.familiarity = familiarity.fit(embeddings, embeddings)
        run = RunFolder.create(place / f"run{seed}")
        run.write_config(config.Config())
        predictor.save(run.model, dataset="photos", origin="random weights")
        samples = pd.DataFrame({"path": [f"{i}.jpg" for i in range(12)], "label": list(CLASSES) * 6, "split": "test"})
        samples = samples.assign(digest=samples["path"], duplicate_group=range(12))
        described = DatasetFacts(name="photos", root=str(photos), classes=CLASSES)
        run.write_data(described, samples, pd.DataFrame())
        run.write_extra(Neighbours(paths=tuple(samples["path"]), labels=tuple(samples["label"])))
        answers = predictor.predict([photos / path for path in samples["path"]]).drop(columns="path")
        run.write_predictions(pd.concat([samples[["path", "split", "label"]], answers], axis=1))
        run.write_evaluation(evaluate(run.predictions(), CLASSES))
        found.append(run.path)
    return found


def sightline(capsys, *arguments):
    """(exit code, stdout, stderr) of one command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_compare_tells_and_gives_json(runs, capsys):
    code, out, _ = sightline(capsys, "compare", *runs)
    assert code == 0 and "On the same 12 test photos" in out and "could be chance" in out
    code, out, _ = sightline(capsys, "compare", *runs, "--json")
    assert code == 0 and json.loads(out)["n"] == 12


def test_compare_of_one_run_is_wrong_usage(runs, capsys):
    code, _, err = sightline(capsys, "compare", runs[0])
    assert code == 2 and "two runs" in err and "Traceback" not in err


def test_explain_writes_a_page_and_a_picture_for_each_photo(runs, capsys, tmp_path):
    photo, broken = runs[0].parent / "photos" / "3.jpg", tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    out = tmp_path / "why"
    code, text, err = sightline(capsys, "explain", runs[0], photo, broken, "--out", out, "--json")
    assert code == 0 and "broken.jpg" in err
    found = json.loads(text)
    assert [row["path"] for row in found["failed"]] == [str(broken)]
    (reason,) = found["photos"]
    assert reason["neighbours"][0]["path"] == "3.jpg" and reason["decision"] in ("answer", "unsure", "unfamiliar")
    left = [".sightline", "001-3.jpg", "explain.html", "explain.json"]  # the first marks the folder as no photos
    assert sorted(path.name for path in out.iterdir()) == left
    page = (out / "explain.html").read_text()
    assert page.count("data:image/jpeg") == 6 and "<script" not in page


def test_explain_refuses_what_it_cannot_do(runs, capsys, tmp_path):
    photo = runs[0].parent / "photos" / "3.jpg"
    code, _, err = sightline(capsys, "explain", runs[0], photo, "--class", "desert", "--out", tmp_path / "x")
    assert code == 2 and "forest, sea" in err
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    code, _, err = sightline(capsys, "explain", runs[0], tmp_path / "broken.jpg", "--out", tmp_path / "x")
    assert code == 1 and "None of the photos" in err
    code, _, err = sightline(capsys, "explain", runs[0], photo, "--out", tmp_path)
    assert code == 2 and "not empty" in err


def test_export_says_what_it_checked(runs, capsys, tmp_path):
    code, out, _ = sightline(capsys, "export", runs[0], "--format", "onnx", "--out", tmp_path / "out", "--json")
    assert code == 0 and json.loads(out)["equal_labels"] is True
    code, _, err = sightline(capsys, "export", runs[0], "--format", "onnx", "--out", tmp_path / "out")
    assert code == 2 and "not empty" in err
