"""The layer table against the tables of the texts."""

import pytest
import timm

from sightline.errors import SightlineError, UsageError
from sightline.models.summary import describe


def test_resnet9_rows_are_the_texts_table() -> None:
    table = describe("resnet9", classes=6)
    outputs = {layer["name"]: layer["output"] for layer in table["layers"]}
    assert table["size"] == 150
    assert outputs["conv1.2"] == [32, 150, 150]
    assert outputs["conv2.3"] == outputs["res1.conv2.2"] == [64, 37, 37]
    assert outputs["conv3.3"] == [128, 9, 9]
    assert outputs["conv4.3"] == outputs["res2.conv2.2"] == [256, 2, 2]
    assert outputs["fc"] == [6]
    assert next(iter(outputs)) == "conv1.0"
    assert list(outputs)[-1] == "fc"


def test_totals_of_the_dense_head_on_resnet50() -> None:
    table = describe("resnet50", size=150, head="dense", classes=6, train="head")
    totals = table["totals"]
    assert totals["trainable"] == 52_435_974
    # The text counts 76,023,686 in all. Keras's ResNet50 has 26,560 biases before norms, which timm's leaves out,
    # and counts the running statistics as non-trainable parameters.
    assert totals["parameters"] + totals["running_statistics"] + 26_560 == 76_023_686
    assert totals["non_trainable"] == totals["parameters"] - totals["trainable"] == 23_508_032
    # The text's own figure, 52,440,070, is this head and the 4,096 parameters of ResNet50's last norm.
    last_norm = next(layer for layer in table["layers"] if layer["name"] == "layer4.2.bn3")
    assert totals["trainable"] + last_norm["parameters"] == 52_440_070


def test_each_parameter_is_counted_once_and_patterns_are_followed() -> None:
    for name in ("resnet18", "vit_tiny_patch16_224", "plain_cnn"):
        table = describe(name, train="last:1", classes=3)
        module = timm.create_model(name, num_classes=3)
        assert table["totals"]["parameters"] == sum(p.numel() for p in module.parameters())
        assert [layer["name"] for layer in table["layers"] if layer["trainable"]] == [table["layers"][-1]["name"]]


def test_fixed_size_networks_are_built_for_the_size_asked() -> None:
    table = describe("vit_tiny_patch16_224", size=64)
    assert table["size"] == 64
    assert next(layer for layer in table["layers"] if layer["name"] == "patch_embed.proj")["output"] == [192, 4, 4]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"name": "resnet99"}, UsageError, "resnet99: no such network"),
        ({"name": "resnet9", "size": 8}, SightlineError, "cannot take 8-pixel photos"),
        ({"name": "resnet9", "train": "^x"}, UsageError, "matches no parameter"),
    ],
)
def test_what_cannot_be_described_is_said_plainly(arguments, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        describe(**arguments)
