"""Learning in bfloat16 is chosen where it is faster and comes to the same, apart from how answers are computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.models import choices, learning, zoo
from sightline.models.learning import precision_for_learning
from sightline.models.network import Network
from sightline.models.trials import Trials


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(learning, "computes_in_bfloat16", lambda device: True)
    torch.manual_seed(0)
    return zoo.build("resnet10t", classes=("a", "b", "c"), scratch=True, size=64)


def play(monkeypatch: pytest.MonkeyPatch, faster: str, under_load: bool = False) -> list[int]:
    """Take the steps, but say that this precision was faster; returns how often that was asked."""
    asked: list[int] = []

    def take_turns(ways: dict[str, Callable[[], object]], **_: object) -> Trials:
        asked.append(1)
        for _ in range(4):
            for way in ways.values():
                way()
        return Trials({name: 0.1 if name == faster else 1.0 for name in ways}, under_load)

    monkeypatch.setattr(learning, "take_turns", take_turns)
    return asked


@pytest.mark.parametrize("faster", ["float32", "bfloat16"])
def test_the_faster_is_taken_and_remembered(
    faster: str, network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: tensor.clone() for name, tensor in network.module.state_dict().items()}
    asked = play(monkeypatch, faster)
    assert precision_for_learning(network, photos) == faster
    assert precision_for_learning(network, photos) == faster
    assert len(asked) == 1
    (choice,) = choices.read().values()
    assert (choice.purpose, choice.name, choice.batch) == ("learning", faster, 8)
    assert all(before[name].equal(tensor) for name, tensor in network.module.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.module.parameters())


def test_what_learns_makes_a_choice_of_its_own(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "bfloat16")
    assert precision_for_learning(network, photos, train="all") == "bfloat16"
    play(monkeypatch, "float32")
    assert precision_for_learning(network, photos, train="head") == "float32"
    assert len(choices.read()) == 2


@pytest.mark.parametrize("busy", [True, False])
def test_a_choice_made_under_load_is_made_anew_once_it_is_quiet(
    busy: bool, network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "float32", under_load=True)
    assert precision_for_learning(network, photos) == "float32"
    monkeypatch.setattr(learning.Neighbours, "are_busy", property(lambda _: busy))
    play(monkeypatch, "bfloat16")
    assert precision_for_learning(network, photos) == ("float32" if busy else "bfloat16")


class Rounding(torch.nn.Module):
    """Spoils what passes in bfloat16, forward or backward."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not torch.is_autocast_enabled("cpu"):
            return x
        if self.how == "loss":
            return x * 3
        if self.how == "not a number":
            return x * float("nan")
        if self.how == "gradient vanishes":
            return x.detach() + 0 * x
        return x + (x * -2 - (x * -2).detach())  # "gradient turns round": the values stay


@pytest.mark.parametrize("how", ["loss", "not a number", "gradient vanishes", "gradient turns round"])
def test_faster_is_not_enough_where_it_does_not_learn_alike(
    how: str, network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "bfloat16")
    network.module.global_pool = torch.nn.Sequential(network.module.global_pool, Rounding(how))
    assert precision_for_learning(network, photos) == "float32"


def test_a_processor_without_bfloat16_is_not_asked_to_try_it(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = play(monkeypatch, "bfloat16")
    monkeypatch.setattr(learning, "computes_in_bfloat16", lambda device: False)
    assert precision_for_learning(network, photos) == "float32"
    assert not asked
    assert not choices.read()
