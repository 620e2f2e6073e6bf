"""Heads keep timm's contract and have the sizes that the texts' tables imply."""

import pytest
import timm
import torch
from torch import nn

from sightline.errors import SightlineError, UsageError
from sightline.models import nets  # noqa: F401  (registers ours)
from sightline.models.heads import KINDS, attach, classifier_name, embedding

# One of each way timm builds a classifier: fc, classifier, classifier after a hidden convolution, head.fc, tokens.
FAMILIES = (
    "resnet18",
    "mobilenetv2_050",
    "mobilenetv3_small_050",
    "convnext_atto",
    "vit_tiny_patch16_224",
    "resnet9_lean",
)


def build(name: str, size: int) -> nn.Module:
    return timm.create_model(name, **({"img_size": size} if name.startswith("vit") else {}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_contract(name: str, kind: str) -> None:
    torch.manual_seed(0)
    net = attach(build(name, 64), kind, classes=5, size=64).eval()
    x = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        hidden = net.forward_head(net.forward_features(x), pre_logits=True)
        logits = net.get_classifier()(hidden)
        torch.testing.assert_close(net(x), logits)
    assert logits.shape == (2, 5)
    assert embedding(hidden).shape == (2, net.head_hidden_size)
    assert net.num_classes == 5
    assert torch.isfinite(logits).all()


def test_dense_head_on_resnet50_at_150_pixels_has_the_texts_parameters() -> None:
    with torch.device("meta"):  # counted, not filled: the head alone is 200 MB
        net = attach(timm.create_model("resnet50"), "dense", classes=6, size=150)
    head = net.get_classifier()
    assert head[1].in_features == 5 * 5 * 2048 == 51_200
    assert sum(p.numel() for p in head.parameters()) == 52_435_974


def test_regularised_head_drops_normalises_and_asks_for_l2() -> None:
    net = attach(timm.create_model("resnet18"), {"kind": "regularised", "dropout": 0.3, "hidden": 64}, 5, 64)
    kinds = [type(layer).__name__ for layer in net.get_classifier()]
    assert kinds == ["Norm", "Dropout", "Linear", "ReLU", "Norm", "Dropout", "Linear"]
    assert net.get_classifier()[1].p == 0.3
    assert net.get_classifier()[2].out_features == 64
    assert net.get_classifier().l2 == 1e-3


def test_regularised_head_learns_from_a_last_batch_of_one() -> None:
    net = attach(timm.create_model("resnet9_lean"), "regularised", 3, 64)
    net.eval()
    net.get_classifier().train()
    loss = net(torch.rand(1, 3, 64, 64)).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert net.get_classifier()[2].weight.grad is not None


def test_attaching_keeps_the_mode_and_the_statistics_of_the_network() -> None:
    net = timm.create_model("resnet9_lean").train()
    before = {k: v.clone() for k, v in net.state_dict().items() if "running" in k or "num_batches" in k}
    attach(net, "dense", 3, 96)
    assert net.training
    assert all(torch.equal(net.state_dict()[k], v) for k, v in before.items())


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("deep", "linear, dense, regularised"),
        ({"kind": "dense", "width": 3}, "width"),
        ({"kind": "x"}, "x is unknown"),
    ],
)
def test_unknown_heads_are_refused(head, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        attach(timm.create_model("resnet9_lean"), head, 3, 64)


def test_networks_without_a_single_classifier_are_refused() -> None:
    with pytest.raises(SightlineError, match="no single classifier"):
        classifier_name(nn.Linear(2, 2))
    with pytest.raises(SightlineError, match="no single classifier"):
        attach(timm.create_model("deit_tiny_distilled_patch16_224"), "linear", 3, 224)
