"""Of every family of timm's networks it is known whether Sightline can train it. Shapes alone are followed."""

from __future__ import annotations

import warnings

import pytest
import timm
import torch

from sightline.errors import SightlineError
from sightline.models import catalogue, heads

_SMALL = ("atto", "femto", "pico", "nano", "tiny", "xxs", "_xs", "small", "mini", "18", "b0", "_s", "_t", "lite", "050")


def smallest(family: str) -> list[str]:
    """A small member of the family, and one with a second head for distillation if it has one."""
    names = sorted(timm.list_models(module=family), key=lambda n: (not any(mark in n for mark in _SMALL), len(n), n))
    return [*dict.fromkeys([*names[:1], *[name for name in names if "distilled" in name][:1]])]


def takes(name: str) -> None:
    """Raise where a network does not do what everything here relies on."""
    with torch.device("meta"), torch.no_grad():
        module = timm.create_model(name, num_classes=3)
        size = int(module.pretrained_cfg["input_size"][-1])
        heads.attach(module, "linear", 3, size)
        images = torch.rand(2, 3, size, size)
        assert module.train()(images).shape == (2, 3)
        hidden = module.eval().forward_head(module.forward_features(images), pre_logits=True)
        assert heads.classify(module.get_classifier(), hidden).shape == (2, 3)
        assert heads.embedding(hidden).shape[1] * 3 == module.get_classifier().weight.numel()


def held_against_timm(family: str) -> None:
    for name in smallest(family):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # timm's, of its own inner workings
            if catalogue.reason_against(name) is None:
                takes(name)
            else:
                with pytest.raises(Exception):  # noqa: B017  (each trips over something else)
                    takes(name)


@pytest.mark.parametrize(
    "family", ["resnet", "resnetv2", "dla", "deit", "levit", "metaformer", "repvit", "efficientnet", "pit"]
)
def test_what_is_said_of_a_family_is_so(family: str) -> None:
    held_against_timm(family)


@pytest.mark.prove
@pytest.mark.parametrize("family", [family for family in timm.list_modules() if timm.list_models(module=family)])
def test_what_is_said_of_any_family_is_so(family: str) -> None:
    held_against_timm(family)


def test_a_classifier_that_is_a_convolution_gives_what_the_network_gives() -> None:
    torch.manual_seed(0)
    module = heads.attach(timm.create_model("resnetv2_18", num_classes=5), "linear", 3, 64).eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        hidden = module.forward_head(module.forward_features(images), pre_logits=True)
        torch.testing.assert_close(heads.classify(module.get_classifier(), hidden), module(images))


@pytest.mark.parametrize("name", ["levit_128s", "caformer_s18"])
def test_a_network_that_is_not_taken_is_refused_with_the_reason(name: str) -> None:
    with torch.device("meta"):
        module = timm.create_model(name)
        with pytest.raises(SightlineError, match="--model"):
            heads.attach(module, "linear", 3, 224)
