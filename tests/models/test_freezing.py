"""What learns: words, counts and patterns."""

import pytest
import timm
from torch import nn

from sightline.errors import UsageError
from sightline.models import nets  # noqa: F401  (registers ours)
from sightline.models.freezing import trainable
from sightline.models.heads import attach


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    return timm.create_model("resnet18", num_classes=6)


def test_head_and_last_layers(resnet: nn.Module) -> None:
    assert trainable(resnet, "head") == {"fc.weight", "fc.bias"}
    assert trainable(resnet, "last:1") == {"fc.weight", "fc.bias"}
    assert trainable(resnet, "last:2") == {"fc.weight", "fc.bias", "layer4.1.bn2.weight", "layer4.1.bn2.bias"}
    assert trainable(resnet, "last:3") - trainable(resnet, "last:2") == {"layer4.1.conv2.weight"}
    assert trainable(resnet, "all") == trainable(resnet, "last:999") == {n for n, _ in resnet.named_parameters()}


def test_head_of_several_layers_counts_as_its_layers() -> None:
    net = attach(timm.create_model("resnet9_lean"), "dense", 3, 64)
    assert (
        trainable(net, "head") == trainable(net, "last:2") == {"fc.1.weight", "fc.1.bias", "fc.3.weight", "fc.3.bias"}
    )


def test_a_share_of_the_layers_is_rounded_up(resnet: nn.Module) -> None:
    assert trainable(resnet, "last:1%") == trainable(resnet, "last:1")
    assert trainable(resnet, "last:100%") == trainable(resnet, "all")
    assert len(trainable(resnet, "last:50%")) < len(trainable(resnet, "all"))


def test_patterns(resnet: nn.Module) -> None:
    names = trainable(resnet, [r"^layer4\.1\.conv", "head"])
    assert names == {"layer4.1.conv1.weight", "layer4.1.conv2.weight", "fc.weight", "fc.bias"}


@pytest.mark.parametrize("spec", ["last:0", "last:x", "last:101%", ["^nothing"], ["("], [], "haed"])
def test_plans_that_name_nothing_are_refused(resnet: nn.Module, spec) -> None:
    with pytest.raises(UsageError, match="train: "):
        trainable(resnet, spec)
