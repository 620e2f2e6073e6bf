"""A network with a new head is built from the weights that were named, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from sightline.errors import SightlineError
from sightline.models import zoo
from sightline.models.catalogue import cannot_take

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


def test_damaged_weights_are_refused_plainly(saved: Path) -> None:
    content = (saved / "model.safetensors").read_bytes()
    (saved / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(SightlineError, match=r"model\.safetensors"):
        zoo.build(None, classes=CLASSES, weights=saved)


def test_a_size_that_the_network_cannot_take_is_refused() -> None:
    with pytest.raises(SightlineError, match="--img-size"):
        zoo.build("plain_cnn", classes=CLASSES, scratch=True, size=16)


@pytest.mark.parametrize(("name", "size"), [("vgg11", 16), ("convnext_atto", 17), ("vit_tiny_patch16_224", 17)])
def test_a_size_that_a_network_cannot_take_is_said_without_its_library_s_words(name: str, size: int) -> None:
    try:
        network = zoo.build(name, classes=CLASSES, scratch=True, size=size)
    except SightlineError as error:
        own = timm.get_pretrained_cfg(name).input_size[-1]
        assert str(error) == (
            f"{name} cannot take {size}-pixel photos. Give --img-size {own}, at which it was pretrained, or choose"
            " another network with --model."
        )
    else:
        assert network.size == size


def test_too_little_memory_is_said_as_such() -> None:
    for error in (MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")):
        assert "not enough memory" in str(cannot_take("resnet18", 2000, 224, error))
    assert "memory" not in str(cannot_take("resnet18", 2000, 224, RuntimeError("shape '[1, 2]' is invalid")))
