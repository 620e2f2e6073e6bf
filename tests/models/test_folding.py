"""Folding a norm that stands still changes neither answers nor gradients, and can be undone."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sightline.models import folding, zoo
from sightline.models.freezing import freeze, set_mode
from sightline.models.network import Network

CLASSES = ("a", "b", "c")


def network(name: str, train: str = "all", *, freeze_norm: bool = True) -> Network:
    """One whose norms have seen something, so that none of them is the identity."""
    torch.manual_seed(0)
    made = zoo.build(name, classes=CLASSES, scratch=True, size=64)
    for part in made.module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.2, 0.2)
            nn.init.uniform_(part.running_mean, -0.2, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    made.module.double()  # so that what differs is no rounding
    freeze(made.module, train)
    set_mode(made.module, freeze_norm)
    return made


def learned(module: nn.Module) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The answers for a batch, and the gradient of each parameter that learns."""
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    module.zero_grad(set_to_none=True)
    torch.manual_seed(0)
    answers = module(images)
    torch.autograd.backward(F.cross_entropy(answers, torch.tensor([0, 1, 2, 0])))
    return answers.detach(), {name: p.grad for name, p in module.named_parameters() if p.grad is not None}


def folded_norms(module: nn.Module) -> int:
    return sum("forward" in part.__dict__ for part in module.modules() if isinstance(part, nn.BatchNorm2d))


@pytest.mark.parametrize(
    ("name", "train"), [("tf_efficientnet_lite0", "last:30%"), ("resnet10t", "all"), ("resnet9", "all")]
)
def test_answers_and_gradients_are_the_same(name: str, train: str) -> None:
    whole = network(name, train)
    state = {key: value.clone() for key, value in whole.module.state_dict().items()}
    answers, gradients = learned(whole.module)
    undo = folding.fold(whole)
    norms = [part for part in whole.module.modules() if isinstance(part, nn.BatchNorm2d) and part.weight.requires_grad]
    assert folded_norms(whole.module) == len(norms) > 5
    same, same_gradients = learned(whole.module)
    torch.testing.assert_close(same, answers)
    assert gradients.keys() == same_gradients.keys()
    for key, gradient in gradients.items():
        torch.testing.assert_close(same_gradients[key], gradient)
    undo()
    assert folded_norms(whole.module) == 0
    assert learned(whole.module)[0].equal(answers)
    assert whole.module.state_dict().keys() == state.keys()
    assert all(value.equal(state[key]) for key, value in whole.module.state_dict().items())


def test_a_norm_that_still_learns_its_statistics_is_left() -> None:
    whole = network("resnet10t", freeze_norm=False)
    norms = [part for part in whole.module.modules() if isinstance(part, nn.BatchNorm2d)]
    norms[3].eval()
    folding.fold(whole)
    assert [norm for norm in norms if "forward" in norm.__dict__] == [norms[3]]
    assert [norm for norm in norms if not norm.training] == [norms[3]]


class Twice(nn.Module):
    """Uses what the convolution gives beside the norm too, or either of them twice."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.conv, self.norm = how, nn.Conv2d(3, 3, 3, padding=1, bias=how == "bias"), nn.BatchNorm2d(3)
        nn.init.uniform_(self.norm.running_mean, 0.2, 0.4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.conv(x)
        if self.how == "conv twice":
            made = self.conv(made)
        found = self.norm(made)
        if self.how == "norm twice":
            found = self.norm(found)
        return (found + (made if self.how == "beside" else 0)).mean((2, 3))


@pytest.mark.parametrize("how", ["beside", "conv twice", "norm twice", "bias"])
def test_only_what_stays_the_same_is_folded(how: str) -> None:
    torch.manual_seed(0)
    whole = Network(
        module=Twice(how).eval(), architecture="twice", classes=CLASSES, size=32, mean=(0, 0, 0), std=(1, 1, 1),
    )  # fmt: skip
    images = torch.rand(2, 3, 32, 32)
    expected = whole.module(images)
    folding.fold(whole)
    assert folded_norms(whole.module) == (how == "bias")
    torch.testing.assert_close(whole.module(images), expected)


def test_the_folded_network_learns_the_same_weights() -> None:
    plain = network("resnet10t")
    other = copy.deepcopy(plain)
    undo = folding.fold(other)
    for whole in (plain, other):
        optimiser = torch.optim.SGD(whole.module.parameters(), lr=0.05)
        for _ in range(3):
            learned(whole.module)
            optimiser.step()
    undo()
    for (name, a), (_, b) in zip(plain.module.named_parameters(), other.module.named_parameters(), strict=True):
        torch.testing.assert_close(b, a, msg=name)
