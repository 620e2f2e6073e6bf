"""One predictor: the same table for paths, images and arrays; what cannot be read is a row that says why."""

from __future__ import annotations

import io
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import sightline
from sightline.data.decoding.quarantine import square_guarded
from sightline.errors import SightlineError, UsageError
from sightline.predictor import Predictor
from sightline.runs.folder import RunFolder
from traps import scan_bomb, slow_bmp


@pytest.fixture(scope="module")
def predictor(run_path: Path) -> Predictor:
    return sightline.load(run_path)


def test_the_columns_are_the_contract(predictor: Predictor, scenes: Path) -> None:
    table = predictor.predict([scenes / "sea" / name.name for name in sorted((scenes / "sea").iterdir())[:3]])
    classes = [f"p_{name}" for name in predictor.classes]
    assert list(table.columns) == [
        "path", "predicted", "confidence", *classes, "set", "familiar", "decision", "error",
    ]  # fmt: skip
    np.testing.assert_allclose(table[classes].sum(axis=1), 1)
    assert (table["confidence"] == table[classes].max(axis=1)).all()
    assert (table["error"] == "").all()
    assert all(row.predicted in row.set.split("|") for row in table.itertuples())


def test_what_a_run_predicted_is_what_its_model_predicts(predictor: Predictor, run_path: Path, scenes: Path) -> None:
    expected = RunFolder(run_path).predictions()
    found = predictor.predict([scenes / path for path in expected["path"]])
    columns = [f"p_{name}" for name in predictor.classes]
    np.testing.assert_allclose(found[columns], expected[columns], atol=1e-4)
    assert list(found["decision"]) == list(expected["decision"])


def test_paths_images_arrays_and_bytes_are_the_same(predictor: Predictor, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    table = predictor.predict([path, str(path), Image.fromarray(pixels), pixels, path.read_bytes()])
    columns = [f"p_{name}" for name in predictor.classes]
    for row in range(1, 5):
        np.testing.assert_allclose(table[columns].iloc[row], table[columns].iloc[0], atol=1e-6)
    assert list(table["path"]) == [str(path), str(path), "image 3", "image 4", "image 5"]


def test_a_file_that_cannot_be_read_is_a_row_and_stops_nothing(
    predictor: Predictor, scenes: Path, tmp_path: Path
) -> None:
    good = next((scenes / "sea").iterdir())
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(good.read_bytes()[:300])
    table = predictor.predict([good, bad, tmp_path / "absent.jpg", good])
    assert [bool(error) for error in table["error"]] == [False, True, True, False]
    assert table.loc[[1, 2], ["predicted", "confidence", "set", "decision"]].isna().all().all()
    assert table["predicted"][0] == table["predicted"][3]


def test_one_array_is_one_photo_and_a_batch_is_many(predictor: Predictor) -> None:
    batch = np.random.default_rng(0).integers(0, 256, (3, 150, 150, 3), np.uint8)
    columns = [f"p_{name}" for name in predictor.classes]
    many = predictor.predict(batch)
    assert len(many) == 3
    for one in (batch[0], torch.from_numpy(np.moveaxis(batch[0], 2, 0).copy())):
        table = predictor.predict(one)
        assert len(table) == 1
        np.testing.assert_allclose(table[columns].iloc[0], many[columns].iloc[0], atol=1e-6)


def test_what_is_no_photo_is_a_row_and_ends_nothing(predictor: Predictor, scenes: Path) -> None:
    good = next((scenes / "sea").iterdir())
    wrong = [None, {}, 3, torch.zeros(512), np.full((64, 64, 3), np.nan), io.BytesIO(b"x"), np.zeros((2, 2), object)]
    for given in ([good, *wrong, good], pd.Series([good, *wrong, good]), (item for item in [good, *wrong, good])):
        table = predictor.predict(given)
        assert [bool(error) for error in table["error"]] == [False, *[True] * len(wrong), False]
        assert table["predicted"].isna().tolist() == [False, *[True] * len(wrong), False]
        assert table["predicted"].iloc[0] == table["predicted"].iloc[-1]
        wrong[5] = io.BytesIO(b"x")


def test_names_that_are_too_few_are_wrong_usage(predictor: Predictor) -> None:
    with pytest.raises(UsageError, match="names"):
        predictor.predict([b"", b""], names=["a"])


def test_what_keeps_a_decoder_busy_is_a_row_within_seconds(
    predictor: Predictor, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = next((scenes / "sea").iterdir())
    (tmp_path / "scans.jpg").write_bytes(scan_bomb(1973, 3000))
    (tmp_path / "slow.bmp").write_bytes(slow_bmp())
    monkeypatch.setattr("sightline.predictor.square_guarded", partial(square_guarded, seconds=1))
    table = predictor.predict([tmp_path / "scans.jpg", tmp_path / "slow.bmp", good])
    assert "scans" in table["error"][0]
    assert table["error"][1] == "timeout: decoding it took more than 1 seconds"
    assert table["error"][2] == ""


def test_nothing_in_nothing_out(predictor: Predictor) -> None:
    assert len(predictor.predict([])) == 0


def test_noise_is_unfamiliar(predictor: Predictor) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    assert (predictor.predict(list(noise))["decision"] != "answer").mean() > 0.5


def test_probabilities_do_not_depend_on_the_company(predictor: Predictor, scenes: Path) -> None:
    paths = [next((scenes / name).iterdir()) for name in predictor.classes]
    together, alone = predictor.predict(paths), pd.concat([predictor.predict([path]) for path in paths])
    columns = [f"p_{name}" for name in predictor.classes]
    np.testing.assert_allclose(together[columns], alone[columns], atol=2e-2)


@pytest.fixture
def copy(run_path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_path / "model", tmp_path / "model"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "familiarity.safetensors"])
def test_a_changed_file_is_noticed(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(SightlineError, match=name):
        sightline.load(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": "x"}', '{"format_version": 1, "sha256": []}'])
def test_a_hostile_description_is_refused(copy: Path, text: str) -> None:
    (copy / "sightline.json").write_text(text)
    with pytest.raises(SightlineError, match=r"sightline\.json"):
        sightline.load(copy)


def test_a_newer_format_is_named(copy: Path) -> None:
    facts = json.loads((copy / "sightline.json").read_text())
    (copy / "sightline.json").write_text(json.dumps({**facts, "format_version": 99}))
    with pytest.raises(SightlineError, match="Update Sightline"):
        sightline.load(copy)


def test_a_folder_without_a_model_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no trained model"):
        sightline.load(tmp_path)
