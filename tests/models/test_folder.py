"""What is saved loads again, here and in timm alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch

from sightline.models import zoo
from sightline.models.folder import load_network, save_network

CLASSES = ("cat", "dog", "fox")


def image(size: int = 64) -> torch.Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "convnext_atto", "resnet9_lean"])
def test_what_is_saved_loads_again_here_and_in_timm_alone(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = zoo.build(name, classes=CLASSES, scratch=True, size=64)
    save_network(network, tmp_path)
    network.module.eval()
    with torch.no_grad():
        expected = network.module(image())
        again = load_network(tmp_path)
        assert again.classes == CLASSES
        assert (again.size, again.mean, again.std) == (network.size, network.mean, network.std)
        torch.testing.assert_close(again.module(image()), expected)
        alone = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
        torch.testing.assert_close(alone(image()), expected)
    assert json.loads((tmp_path / "config.json").read_text())["label_names"] == list(CLASSES)


def test_other_heads_come_back(tmp_path: Path) -> None:
    network = zoo.build("resnet18", classes=CLASSES, scratch=True, size=64, head="regularised")
    save_network(network, tmp_path)
    network.module.eval()
    with torch.no_grad():
        torch.testing.assert_close(load_network(tmp_path).module(image()), network.module(image()))
