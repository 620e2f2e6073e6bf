"""The range test, on losses whose answer is known and on a real network."""

from __future__ import annotations

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch

from sightline import recipes
from sightline.data.pixels import Pixels
from sightline.errors import SightlineError
from sightline.models import zoo
from sightline.runs.prepare import Data
from sightline.training import lr_finder


def bowl(turn: float):
    """A loss that falls around `turn`/10 on the logarithmic scale and blows up past `turn`."""
    return lambda lr: 2 - 1.5 / (1 + math.exp(-6 * (math.log10(lr) - math.log10(turn / 10)))) + (lr / turn) ** 4


@pytest.mark.parametrize("turn", [1e-3, 3e-2])
def test_suggestion_lies_where_a_known_loss_falls(turn: float) -> None:
    found = lr_finder.find(bowl(turn), steps=200)
    assert turn / 30 < found.steepest < turn
    assert found.suggestion <= min(found.steepest, found.tenth) * 1.05
    assert found.table["lr"].is_monotonic_increasing
    assert found.table["lr"].iloc[-1] < 1.0  # it stopped when the loss blew up


def test_a_quadratic_blows_up_beyond_its_curvature() -> None:
    weight = torch.tensor([3.0])

    def step(lr: float) -> float:
        loss = 5.0 * float(weight[0]) ** 2 + 1.0
        weight[0] -= lr * 10.0 * weight[0]
        return loss

    found = lr_finder.find(step, lowest=1e-4, highest=10.0, steps=80)
    assert found.suggestion < 2 / 10  # gradient descent on 5 w² diverges from a rate of 0.2 on


def test_a_loss_that_is_never_a_number_is_said_plainly() -> None:
    with pytest.raises(SightlineError, match="lower rate"):
        lr_finder.find(lambda lr: math.nan)


def test_search_on_a_network_leaves_it_as_it_was_and_repeats() -> None:
    torch.manual_seed(0)
    network = zoo.build("resnet9_lean", classes=["a", "b"], scratch=True, size=64)
    before = copy.deepcopy(network.module.state_dict())
    draws = np.random.default_rng(0)
    labels = np.arange(24) % 2
    images = draws.integers(0, 256, (24, 64, 64, 3), dtype=np.uint8)
    images[labels == 1] //= 3  # the second class is darker
    data = Data(Pixels(images), labels, [str(i) for i in range(24)], np.arange(20), np.arange(20, 24))
    settings = recipes.resolve("demo-scratch", {"batch_size": 10})
    found = lr_finder.search(network, settings, data, steps=24)
    assert 1e-6 < found.suggestion < 1.0
    after = network.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    again = lr_finder.search(network, settings, data, steps=24)
    pd.testing.assert_frame_equal(found.table, again.table, rtol=1e-3)


def test_search_needs_a_phase_with_a_rate() -> None:
    network = zoo.build("resnet9_lean", classes=["a", "b"], scratch=True, size=64)
    data = Data(Pixels(np.zeros((1, 64, 64, 3), np.uint8)), np.zeros(1, int), [""], np.arange(1), np.arange(0))
    with pytest.raises(SightlineError, match="no learning rate"):
        lr_finder.search(network, recipes.resolve("probe"), data)
