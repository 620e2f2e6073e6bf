"""Networks that are sensible to choose, from small to large, with their cost and what they are worth on ImageNet.

The figures are timm's own, of the pretrained weights that `--model NAME` takes and at the size that it trains at: top-1
accuracy and parameters from results/results-imagenet.csv, multiply-adds from results/benchmark-infer-*.csv of
huggingface/pytorch-image-models (Wightman 2019, Apache-2.0), as they stood in October 2025. The timm package itself has
no such table. ImageNet tells how much a network can tell apart, not how well it will do on photos of yours.

No network library is needed to look at this list.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "timm's results, October 2025"


@dataclass(frozen=True)
class Known:
    """A network, as its maker measured it."""

    name: str
    where: str
    """Where its weights come from: `the box`, `[weights]` (the extra of this name), or `the hub`."""
    size: int
    """Pixels on a side."""
    parameters: float
    """Millions, the classifier for 1,000 classes included."""
    gmacs: float
    """Billions of multiplications with an addition, for one photo."""
    imagenet: float
    """Top-1 accuracy on ImageNet's validation photos, 0-1."""


KNOWN = (
    Known("tf_efficientnet_lite0", "the box", 224, 4.65, 0.40, 0.74846),
    Known("tf_efficientnet_lite1", "[weights]", 240, 5.42, 0.62, 0.76674),
    Known("tf_efficientnet_lite2", "[weights]", 260, 6.09, 0.89, 0.77470),
    Known("mobilenetv3_small_100", "the hub", 224, 2.54, 0.06, 0.67636),
    Known("mobilenetv3_large_100", "the hub", 224, 5.48, 0.23, 0.75784),
    Known("mobilenetv2_100", "the hub", 224, 3.50, 0.31, 0.72910),
    Known("efficientnet_b0", "the hub", 224, 5.29, 0.40, 0.77698),
    Known("regnety_016", "the hub", 224, 11.20, 1.63, 0.80668),
    Known("resnet18", "the hub", 224, 11.69, 1.82, 0.71504),
    Known("resnet34", "the hub", 224, 21.80, 3.67, 0.76420),
    Known("resnet50", "the hub", 224, 25.56, 4.11, 0.80382),
    Known("convnext_tiny", "the hub", 224, 28.59, 4.47, 0.84192),
    Known("swin_tiny_patch4_window7_224", "the hub", 224, 28.29, 4.51, 0.81388),
    Known("vit_small_patch16_224", "the hub", 224, 22.05, 4.61, 0.81402),
    Known("tf_efficientnetv2_s", "the hub", 300, 21.46, 5.35, 0.83348),
    Known("convnext_small", "the hub", 224, 50.22, 8.71, 0.85164),
    Known("vit_base_patch16_224", "the hub", 224, 86.57, 17.58, 0.85108),
)
"""What comes along first, then by cost."""


def speeds() -> dict[tuple[str, int], float]:
    """Photos a second on this machine, by network and pixels on a side, of those that were tried here already."""
    from sightline.models import choices

    found: dict[tuple[str, int], float] = {}
    for choice in choices.read().values():
        if choice.purpose != "learning":
            place = (choice.network, choice.size)
            found[place] = max(found.get(place, 0.0), choice.images_per_second)
    return found
