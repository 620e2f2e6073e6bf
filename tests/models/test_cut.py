"""A network is cut only where both halves together are the network, and they share its weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sightline.models import cut, engines, zoo
from sightline.models.freezing import freeze, set_mode
from sightline.models.network import Network


def frozen(name: str, train: str, size: int = 64, **options: object) -> Network:
    torch.manual_seed(0)
    network = zoo.build(name, classes="abc", scratch=True, size=size, **options)
    freeze(network.module, train)
    return network


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("tf_efficientnet_lite0", "blocks.4.0"),
        ("resnet18", "layer3.0"),
        ("mobilenetv3_small_050", "blocks.3.0"),
        ("resnet9_lean", None),  # wherever it is: it must be in front of what learns
        ("convnext_atto", "stages.2"),
    ],
)
@pytest.mark.parametrize("head", ["linear", "dense"])
def test_the_halves_are_the_network(name: str, place: str | None, head: str) -> None:
    network = frozen(name, "last:50%", head=head)
    found = cut.find(network)
    assert found is not None
    assert found.place == (place or found.place)
    network.module.eval()
    found.train(False)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    embedding, _ = engines.make("eager", found.before)(pixels)
    assert embedding.shape == (3, found.values)
    with torch.no_grad():
        logits = found.after(torch.from_numpy(embedding).view(3, *found.shape))
    expected = engines.make("eager", network)(pixels)[1]
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_what_learns_in_the_half_learns_in_the_network() -> None:
    network = frozen("resnet18", "last:30%")
    found = cut.find(network)
    assert found is not None
    set_mode(network.module)
    images = torch.rand(4, 3, 64, 64)
    with torch.no_grad():
        maps = found.before.module.forward_features(images)
    found.train(True)
    state = {name: value.clone() for name, value in network.module.state_dict().items()}
    found.after(maps).square().sum().backward()
    halves = {name: p.grad.clone() for name, p in network.module.named_parameters() if p.grad is not None}
    statistics = {name: value.clone() for name, value in network.module.named_buffers()}
    network.module.load_state_dict(state)
    network.module.zero_grad()
    network.module(images).square().sum().backward()
    whole = {name: p.grad for name, p in network.module.named_parameters() if p.grad is not None}
    assert halves.keys() == whole.keys() == {n for n, p in network.module.named_parameters() if p.requires_grad}
    for name, gradient in whole.items():
        torch.testing.assert_close(halves[name], gradient, rtol=1e-3, atol=1e-3)
    for name, value in network.module.named_buffers():
        torch.testing.assert_close(statistics[name], value)


@pytest.mark.parametrize(
    ("name", "train"),
    [
        ("resnet18", "all"),  # nothing is frozen
        ("resnet18", "last:1000"),
        ("vit_tiny_patch16_224", "last:30%"),  # adds positions between its parts
    ],
)
def test_what_is_no_chain_stays_whole(name: str, train: str) -> None:
    assert cut.find(frozen(name, train)) is None


def test_parts_in_another_order_than_they_are_written_stay_whole() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.head = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.Linear(3, 2)

        def get_classifier(self) -> nn.Module:
            return self.head

        def forward_features(self, images: torch.Tensor) -> torch.Tensor:
            return self.first(self.second(images) + 1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.head(self.forward_features(images).mean((2, 3)))

    network = frozen("resnet18", "all")
    network.module = Odd()
    freeze(network.module, ["second", "head"])
    network.module.first.requires_grad_(False)
    assert cut.find(network) is None


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18", "resnet9_lean"])
def test_where_the_head_alone_learns_all_else_is_before(name: str) -> None:
    network = frozen(name, "head")
    found = cut.find(network)
    assert found is not None
    before = {id(parameter) for parameter in found.before.module.parameters()}
    assert before == {id(p) for p in network.module.parameters() if not p.requires_grad}


def test_the_mode_of_every_layer_is_left_as_it_was() -> None:
    network = frozen("tf_efficientnet_lite0", "last:50%")
    set_mode(network.module)
    before = {name: part.training for name, part in network.module.named_modules()}
    assert cut.find(network) is not None
    assert {name: part.training for name, part in network.module.named_modules()} == before


def test_dropout_of_the_half_follows_its_mode() -> None:
    network = frozen("tf_efficientnet_lite0", "last:20%", drop_rate=0.5)
    found = cut.find(network)
    assert found is not None
    set_mode(network.module, freeze_norm=True)
    maps = torch.rand(2, *found.shape)
    found.train(True)
    assert not torch.equal(found.after(maps), found.after(maps))
    network.module.eval()
    found.train(False)
    assert torch.equal(found.after(maps), found.after(maps))
