"""Every engine gives the same answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.errors import UsageError
from sightline.models import engines, zoo
from sightline.models.autotune import BOUNDS, agreement
from sightline.models.network import Network


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


@pytest.mark.parametrize("name", ["channels-last", "channels-last-bfloat16", "onnxruntime"])
def test_answers_agree_with_eager_float32(name: str, network: Network, photos: np.ndarray) -> None:
    if name == "onnxruntime":
        pytest.importorskip("onnxruntime")
    expected = engines.make("eager", network)(photos)
    found = engines.make(name, network)(photos)
    difference, _ = agreement(expected[1], found[1])
    assert difference <= BOUNDS["bfloat16" if name.endswith("bfloat16") else "float32"][0]
    assert found[0].shape == (40, network.module.num_features)
    assert found[0].dtype == found[1].dtype == np.float32


def test_preparing_the_pixels_is_part_of_it(network: Network, photos: np.ndarray) -> None:
    images = (torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255 - torch.tensor(network.mean).view(3, 1, 1)) / (
        torch.tensor(network.std).view(3, 1, 1)
    )
    with torch.no_grad():
        expected = network.module.eval()(images).numpy()
    np.testing.assert_allclose(engines.make("eager", network)(photos)[1], expected, atol=1e-4)


def test_batches_do_not_show(network: Network, photos: np.ndarray) -> None:
    whole, parts = engines.make("eager", network, batch=64)(photos), engines.make("eager", network, batch=7)(photos)
    np.testing.assert_allclose(whole[1], parts[1], atol=1e-4)


def test_a_device_that_is_not_there_is_named() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="--device cuda"):
            engines.device_of("cuda")
    with pytest.raises(UsageError, match="--device nosuch"):
        engines.device_of("nosuch")
    assert engines.device_of("cpu") == "cpu"
