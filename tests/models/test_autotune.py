"""The fastest engine that answers as eager float32 does is chosen, and remembered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.models import autotune, choices, engines, onnx_runtime, zoo
from sightline.models.autotune import agreement
from sightline.models.engines import Engine
from sightline.models.network import Network
from sightline.system import cache


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return zoo.build("resnet18", classes=("a", "b", "c"), scratch=True, size=64)


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))


def test_the_choice_is_remembered(network: Network, photos: np.ndarray) -> None:
    chosen = autotune.fastest_engine(network, photos)
    kept = choices.read()
    assert [entry["engine"] for entry in kept.values()] == [chosen.name]
    again = autotune.fastest_engine(network, photos)
    assert (again.name, again.batch) == (chosen.name, chosen.batch)


def test_a_damaged_memory_is_started_afresh(network: Network, photos: np.ndarray) -> None:
    (cache.folder("engines") / "choices.json").write_text("{")
    assert autotune.fastest_engine(network, photos).name in engines.candidates("cpu")[0]


def test_an_engine_that_answers_differently_is_never_chosen(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_make = engines.make

    def make(name: str, network: Network, device: str = "cpu", batch: int = 32) -> Engine:
        engine = true_make("eager", network, device, batch)
        if name == "eager":
            return engine
        return Engine(name, device, batch, lambda p: (engine.run(p)[0], -engine.run(p)[1]))

    monkeypatch.setattr(engines, "make", make)
    monkeypatch.setattr(autotune, "images_per_second", lambda engine, sample: 1.0 if engine.name == "eager" else 100.0)
    assert autotune.fastest_engine(network, photos).name == "eager"


def test_onnx_is_tried_only_where_it_can_win_back_its_export(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(
        autotune, "images_per_second", lambda engine, sample: 900.0 if engine.name == "onnxruntime" else 100.0
    )
    assert autotune.fastest_engine(network, photos, photos=100).name != "onnxruntime"
    assert autotune.fastest_engine(network, photos, photos=100_000).name == "onnxruntime"


def test_agreement_measures() -> None:
    a = np.array([[2.0, 0.0], [0.0, 2.0]], np.float32)
    assert agreement(a, a) == (0.0, 1.0)
    difference, equal = agreement(a, a[:, ::-1])
    assert difference > 0.7
    assert equal == 0.0


def test_a_network_that_cannot_be_set_up_runs_without(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("this operator has no ONNX")

    monkeypatch.setattr(autotune, "_SECONDS_WORTH_SETTING_UP", 0.0)
    monkeypatch.setattr(onnx_runtime, "runner", refuse)
    assert autotune.fastest_engine(network, photos, photos=10**6).name in (
        "eager",
        "channels-last",
        "channels-last-bfloat16",
    )
