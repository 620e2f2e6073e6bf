"""Weights come from where they were said to come from, or the network is not built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from sightline.errors import SightlineError, UsageError
from sightline.models import zoo

CLASSES = ("cat", "dog", "fox")


def image(size: int = 64) -> torch.Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A timm local folder that timm itself could have written."""
    module = timm.create_model("resnet18", num_classes=7)
    save_file(module.state_dict(), tmp_path / "model.safetensors")
    described = {"architecture": "resnet18", "num_classes": 7, "pretrained_cfg": {"num_classes": 7, "classifier": "fc"}}
    (tmp_path / "config.json").write_text(json.dumps(described))
    return tmp_path


def test_a_folder_gives_its_backbone_and_a_new_head(saved: Path) -> None:
    network = zoo.build(None, classes=CLASSES, weights=saved, size=64)
    kept = load_file(saved / "model.safetensors")
    assert torch.equal(network.module.state_dict()["layer4.1.conv2.weight"], kept["layer4.1.conv2.weight"])
    assert network.module(image()).shape == (2, 3)
    assert network.weights_digest


def test_as_many_classes_as_the_weights_have_still_get_a_new_head(saved: Path) -> None:
    network = zoo.build(None, classes=[f"c{i}" for i in range(7)], weights=saved, size=64)
    assert not torch.equal(network.module.fc.weight, load_file(saved / "model.safetensors")["fc.weight"])


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_weights_file_with_the_model_named(saved: Path, suffix: str) -> None:
    file = saved / f"w{suffix}"
    state = load_file(saved / "model.safetensors")
    save_file(state, file) if suffix == ".safetensors" else torch.save(state, file)
    network = zoo.build("resnet18", classes=CLASSES, weights=file, size=64)
    assert torch.equal(network.module.conv1.weight, state["conv1.weight"])


def test_a_pickle_that_runs_code_is_not_opened(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"conv1.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(SightlineError, match=r"evil\.pth"):
        zoo.build("resnet18", classes=CLASSES, weights=tmp_path / "evil.pth", size=64)
    assert not (tmp_path / "ran").exists()


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


def test_damaged_weights_are_refused_plainly(saved: Path) -> None:
    content = (saved / "model.safetensors").read_bytes()
    (saved / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(SightlineError, match=r"model\.safetensors"):
        zoo.build(None, classes=CLASSES, weights=saved)


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "convnext_atto", "resnet9_lean"])
def test_what_is_saved_loads_again_here_and_in_timm_alone(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = zoo.build(name, classes=CLASSES, scratch=True, size=64)
    network.save(tmp_path)
    network.module.eval()
    with torch.no_grad():
        expected = network.module(image())
        again = zoo.load(tmp_path)
        assert again.classes == CLASSES
        assert (again.size, again.mean, again.std) == (network.size, network.mean, network.std)
        torch.testing.assert_close(again.module(image()), expected)
        alone = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
        torch.testing.assert_close(alone(image()), expected)
    assert json.loads((tmp_path / "config.json").read_text())["label_names"] == list(CLASSES)


def test_other_heads_come_back(tmp_path: Path) -> None:
    network = zoo.build("resnet18", classes=CLASSES, scratch=True, size=64, head="regularised")
    network.save(tmp_path)
    network.module.eval()
    with torch.no_grad():
        torch.testing.assert_close(zoo.load(tmp_path).module(image()), network.module(image()))


def test_a_size_that_the_network_cannot_take_is_refused() -> None:
    with pytest.raises(SightlineError, match="--img-size"):
        zoo.build("plain_cnn", classes=CLASSES, scratch=True, size=16)


def test_known_classes_keep_their_rows(tmp_path: Path) -> None:
    earlier = zoo.build("resnet18", classes=("dog", "fox"), scratch=True, size=64)
    network = zoo.build("resnet18", classes=CLASSES, scratch=True, size=64)
    zoo.inherit(network, earlier)
    assert torch.equal(network.module.fc.weight[1:], earlier.module.fc.weight)


def test_a_folder_with_pickled_weights_only_is_refused(saved: Path) -> None:
    shutil.move(saved / "model.safetensors", saved / "pytorch_model.bin")
    with pytest.raises(SightlineError, match="pickled"):
        zoo.build(None, classes=CLASSES, weights=saved)
