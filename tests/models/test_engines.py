"""Every engine gives the same answers; one that does not is not used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.errors import UsageError
from sightline.models import engines, zoo
from sightline.models.engines import BOUNDS, Engine, agreement
from sightline.system import cache


@pytest.fixture(scope="module")
def network() -> zoo.Network:
    torch.manual_seed(0)
    return zoo.build("resnet18", classes=("a", "b", "c"), scratch=True, size=64)


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", ["channels-last", "channels-last-bfloat16", "onnxruntime"])
def test_answers_agree_with_eager_float32(name: str, network: zoo.Network, photos: np.ndarray) -> None:
    if name == "onnxruntime":
        pytest.importorskip("onnxruntime")
    expected = engines.make("eager", network)(photos)
    found = engines.make(name, network)(photos)
    difference, _ = agreement(expected[1], found[1])
    assert difference <= BOUNDS["bfloat16" if name.endswith("bfloat16") else "float32"][0]
    assert found[0].shape == (40, network.module.num_features)
    assert found[0].dtype == found[1].dtype == np.float32


def test_preparing_the_pixels_is_part_of_it(network: zoo.Network, photos: np.ndarray) -> None:
    images = (torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255 - torch.tensor(network.mean).view(3, 1, 1)) / (
        torch.tensor(network.std).view(3, 1, 1)
    )
    with torch.no_grad():
        expected = network.module.eval()(images).numpy()
    np.testing.assert_allclose(engines.make("eager", network)(photos)[1], expected, atol=1e-4)


def test_batches_do_not_show(network: zoo.Network, photos: np.ndarray) -> None:
    whole, parts = engines.make("eager", network, batch=64)(photos), engines.make("eager", network, batch=7)(photos)
    np.testing.assert_allclose(whole[1], parts[1], atol=1e-4)


def test_the_choice_is_remembered(network: zoo.Network, photos: np.ndarray) -> None:
    chosen = engines.choose(network, photos)
    kept = engines._remember()
    assert [entry["engine"] for entry in kept.values()] == [chosen.name]
    again = engines.choose(network, photos)
    assert (again.name, again.batch) == (chosen.name, chosen.batch)


def test_a_damaged_memory_is_started_afresh(network: zoo.Network, photos: np.ndarray) -> None:
    (cache.folder("engines") / "choices.json").write_text("{")
    assert engines.choose(network, photos).name in engines.candidates("cpu")[0]


def test_an_engine_that_answers_differently_is_never_chosen(
    network: zoo.Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_make = engines.make

    def make(name: str, network: zoo.Network, device: str = "cpu", batch: int = 32) -> Engine:
        engine = true_make("eager", network, device, batch)
        if name == "eager":
            return engine
        return Engine(name, device, batch, lambda p: (engine.run(p)[0], -engine.run(p)[1]))

    monkeypatch.setattr(engines, "make", make)
    monkeypatch.setattr(engines, "_speed", lambda engine, sample: 1.0 if engine.name == "eager" else 100.0)
    assert engines.choose(network, photos).name == "eager"


def test_onnx_is_tried_only_where_it_can_win_back_its_export(
    network: zoo.Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(engines, "_speed", lambda engine, sample: 900.0 if engine.name == "onnxruntime" else 100.0)
    assert engines.choose(network, photos, photos=100).name != "onnxruntime"
    assert engines.choose(network, photos, photos=100_000).name == "onnxruntime"


def test_a_device_that_is_not_there_is_named() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="--device cuda"):
            engines.device_of("cuda")
    with pytest.raises(UsageError, match="--device nosuch"):
        engines.device_of("nosuch")
    assert engines.device_of("cpu") == "cpu"


def test_agreement_measures() -> None:
    a = np.array([[2.0, 0.0], [0.0, 2.0]], np.float32)
    assert agreement(a, a) == (0.0, 1.0)
    difference, equal = agreement(a, a[:, ::-1])
    assert difference > 0.7
    assert equal == 0.0


def test_a_network_that_cannot_be_set_up_runs_without(
    network: zoo.Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("this operator has no ONNX")

    monkeypatch.setattr(engines, "_SECONDS_WORTH_SETTING_UP", 0.0)
    monkeypatch.setattr(engines, "_onnx_session", refuse)
    assert engines.choose(network, photos, photos=10**6).name in ("eager", "channels-last", "channels-last-bfloat16")
