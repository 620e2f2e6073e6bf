"""Our own networks: shapes as the texts give them, and timm's contract."""

import pytest
import timm
import torch
from torch import nn

from sightline.models import nets

NAMES = ("plain_cnn", "resnet9", "resnet9_lean", "resnet4")


def shapes(net: nn.Module, names: tuple[str, ...], size: int) -> list[tuple[int, ...]]:
    seen: list[tuple[int, ...]] = []
    hooks = [
        net.get_submodule(name).register_forward_hook(lambda _m, _i, out: seen.append(tuple(out.shape[1:])))
        for name in names
    ]
    with torch.inference_mode():
        net.eval()(torch.rand(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return seen


def test_resnet9_has_every_shape_of_the_table() -> None:
    net = timm.create_model("resnet9", num_classes=6)
    assert shapes(net, ("conv1", "conv2", "res1", "conv3", "conv4", "res2", "fc"), 150) == [
        (32, 150, 150),
        (64, 37, 37),
        (64, 37, 37),
        (128, 9, 9),
        (256, 2, 2),
        (256, 2, 2),
        (6,),
    ]


def test_resnet9_ends_in_the_tables_max_pooling() -> None:
    net = timm.create_model("resnet9", num_classes=6).eval()
    with torch.inference_mode():
        features = net.forward_features(torch.rand(2, 3, 150, 150))
        table = net.fc(nn.MaxPool2d(2)(features).flatten(1))
        torch.testing.assert_close(net.forward_head(features), table)


def test_plain_cnn_flattens_6272_values_at_150_pixels() -> None:
    net = timm.create_model("plain_cnn", num_classes=6)
    assert shapes(net, ("blocks.0", "blocks.1", "blocks.2", "blocks.3", "dense"), 150) == [
        (32, 74, 74),
        (64, 36, 36),
        (128, 17, 17),
        (128, 7, 7),
        (512,),
    ]
    assert net.dense.in_features == 6272


def test_resnet4_blocks_pass_their_rescaled_input_at_the_start() -> None:
    net = timm.create_model("resnet4", num_classes=6).train()
    assert shapes(net, ("stem", "blocks.0", "blocks.1", "blocks.2", "blocks.3"), 150) == [
        (64, 37, 37),
        (64, 37, 37),
        (128, 19, 19),
        (256, 10, 10),
        (512, 5, 5),
    ]
    x = torch.rand(2, 64, 37, 37)
    with torch.inference_mode():
        half = nn.functional.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
        out = net.blocks[1](net.blocks[0](x))
    torch.testing.assert_close(out, torch.cat([half, half], dim=1))


def test_resnet4_skip_carries_gradient_to_the_stem_before_the_branches_learn() -> None:
    net = timm.create_model("resnet4", num_classes=6)
    net(torch.rand(2, 3, 64, 64)).sum().backward()
    assert net.stem[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [64, 96, 150, 224])
def test_contract_at_any_size(name: str, size: int) -> None:
    net = timm.create_model(name, num_classes=5).eval()
    x = torch.rand(2, 3, size, size)
    with torch.inference_mode():
        features = net.forward_features(x)
        hidden = net.forward_head(features, pre_logits=True)
        logits = net.get_classifier()(hidden)
        assert features.shape[:2] == (2, net.num_features)
        assert hidden.shape == (2, net.head_hidden_size)
        assert logits.shape == (2, 5)
        torch.testing.assert_close(logits, net(x))
        in_channels_last = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
        torch.testing.assert_close(in_channels_last, logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_classifier_is_replaced_and_removed(name: str) -> None:
    net = timm.create_model(name, num_classes=5).eval()
    net.reset_classifier(3)
    x = torch.rand(1, 3, 64, 64)
    assert net(x).shape == (1, 3)
    net.reset_classifier(0)
    assert net(x).shape == (1, net.head_hidden_size)
    net.reset_classifier(0, "")
    assert net(x).ndim == 4
    with pytest.raises(ValueError, match="unpooled"):
        net.reset_classifier(3)
    with pytest.raises(ValueError, match="global_pool"):
        net.reset_classifier(0, "median")


@pytest.mark.parametrize("name", NAMES)
def test_timm_knows_the_name_the_settings_and_the_depth_order(name: str) -> None:
    assert timm.is_model(name)
    net = timm.create_model(name, num_classes=5)
    assert net.pretrained_cfg["classifier"] == "fc"
    assert isinstance(net.get_submodule(net.pretrained_cfg["first_conv"]), nn.Conv2d)
    depth = timm.models.group_parameters(net, net.group_matcher(), reverse=True)
    assert set(depth) == {n for n, _ in net.named_parameters()}
    assert max(depth.values()) == depth["fc.weight"] == depth["fc.bias"]
    in_order = [depth[n] for n, _ in net.named_parameters()]
    assert in_order == sorted(in_order)


def test_local_folder_round_trip(tmp_path) -> None:
    net = timm.create_model("resnet9_lean", num_classes=4).eval()
    timm.models.save_for_hf(net, tmp_path, model_config={"num_classes": 4}, safe_serialization=True)
    again = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    x = torch.rand(1, 3, 96, 96)
    assert isinstance(again, nets.ResNet9)
    torch.testing.assert_close(again(x), net(x))
