"""Networks are joined and inherit what is known."""

from __future__ import annotations

from pathlib import Path

import torch

from sightline.models import zoo
from sightline.models.network import inherit

CLASSES = ("cat", "dog", "fox")


def test_known_classes_keep_their_rows(tmp_path: Path) -> None:
    earlier = zoo.build("resnet18", classes=("dog", "fox"), scratch=True, size=64)
    network = zoo.build("resnet18", classes=CLASSES, scratch=True, size=64)
    inherit(network, earlier)
    assert torch.equal(network.module.fc.weight[1:], earlier.module.fc.weight)
