"""Weights come from where they were said to come from, or it is said why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import timm
from safetensors.torch import save_file

from sightline.errors import SightlineError, UsageError
from sightline.models import zoo

CLASSES = ("cat", "dog", "fox")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A timm local folder that timm itself could have written."""
    module = timm.create_model("resnet18", num_classes=7)
    save_file(module.state_dict(), tmp_path / "model.safetensors")
    described = {"architecture": "resnet18", "num_classes": 7, "pretrained_cfg": {"num_classes": 7, "classifier": "fc"}}
    (tmp_path / "config.json").write_text(json.dumps(described))
    return tmp_path


def test_without_weights_and_hub_it_says_so_and_names_the_ways_out() -> None:
    with pytest.raises(SightlineError, match="--weights") as caught:
        zoo.build("resnet18", classes=CLASSES)
    assert "--scratch" in str(caught.value)


def test_a_name_that_is_none_gets_suggestions() -> None:
    with pytest.raises(UsageError, match="resnet50"):
        zoo.build("resnet_50", classes=CLASSES, scratch=True)


def test_a_model_that_the_folder_does_not_hold_is_refused(saved: Path) -> None:
    with pytest.raises(UsageError, match="resnet18"):
        zoo.build("resnet34", classes=CLASSES, weights=saved)


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[]",
        "{}",
        '{"architecture": "nosuch"}',
        '{"architecture": 3}',
        '{"architecture": "resnet18", "pretrained_cfg": 1}',
    ],
)
def test_a_hostile_description_is_refused_plainly(saved: Path, config: str) -> None:
    (saved / "config.json").write_text(config)
    with pytest.raises(SightlineError) as caught:
        zoo.build(None, classes=CLASSES, weights=saved)
    assert str(saved) in str(caught.value)


def test_a_folder_with_pickled_weights_only_is_refused(saved: Path) -> None:
    shutil.move(saved / "model.safetensors", saved / "pytorch_model.bin")
    with pytest.raises(SightlineError, match="pickled"):
        zoo.build(None, classes=CLASSES, weights=saved)
