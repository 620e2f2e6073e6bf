"""Our own small networks, registered with timm so that they are built, saved and loaded like any other.

Importing this file does one thing: it adds `plain_cnn`, `resnet9`, `resnet9_lean` and `resnet4` to timm's registry,
after which `timm.create_model("resnet9", num_classes=6)` works. None of them has pretrained weights.

All follow timm's contract, for images (n, 3, S, S), already normalised:

    features = net.forward_features(x)                      # (n, num_features, h, w)
    hidden = net.forward_head(features, pre_logits=True)    # (n, head_hidden_size)
    logits = net.get_classifier()(hidden)                   # (n, num_classes); the same as net(x) in eval mode

Every size from 64 pixels up works. The drawings of the four networks are in the class docstrings.
"""

from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from sightline.models.lean import timm

NAMES = ("plain_cnn", "resnet4", "resnet9", "resnet9_lean")


def _conv(inside: int, out: int, *, pool: int = 1, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU and, with `pool` > 1, max pooling. Before a norm the convolution needs no bias."""
    layers: list[nn.Module] = [
        nn.Conv2d(inside, out, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    ]
    if pool > 1:
        layers.append(nn.MaxPool2d(pool))
    return nn.Sequential(*layers)


class _Classifier(nn.Module):
    """What the four networks share: the classifier `fc` and timm's ways of reading and replacing it."""

    fc: nn.Module
    num_classes: int
    num_features: int
    head_hidden_size: int
    drop_rate: float
    global_pool: str
    depth_order: ClassVar[tuple[str, ...]]
    """Expressions that find the parameters of each group of layers, first layers first; the classifier comes after."""

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:  # noqa: ARG002  (timm's signature)
        """What timm's `group_parameters` needs to know the depth of each parameter."""
        return {"layers": [(pattern, (depth,)) for depth, pattern in enumerate(self.depth_order)]}

    def get_classifier(self) -> nn.Module:
        """The last linear layer, or what was put in its place."""
        return self.fc

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new classifier for `num_classes`, or none (identity) for 0. `global_pool=""` leaves features unpooled.

        Raises:
            ValueError: there is no such pooling, or a classifier is asked for on unpooled features.
        """
        if global_pool is not None:
            if global_pool not in ("", "max", "avg"):
                raise ValueError(f'global_pool must be "max", "avg" or "", not "{global_pool}"')
            self.global_pool = global_pool
        if not self.global_pool and num_classes:
            raise ValueError("unpooled features need num_classes=0 and a head of their own")
        self.num_classes = num_classes
        self.fc = nn.Linear(self.head_hidden_size, num_classes) if num_classes else nn.Identity()

    def pool(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c) by the largest or the mean value; unchanged where pooling is off."""
        if self.global_pool == "max":
            return x.amax(dim=(2, 3))
        return x.mean(dim=(2, 3)) if self.global_pool else x

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (n, 3, S, S) -> the last map (n, num_features, h, w)."""
        raise NotImplementedError

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The last map -> logits (n, num_classes), or what the classifier reads (n, head_hidden_size)."""
        x = self.pool(x)
        if pre_logits:
            return x
        if self.drop_rate:
            x = F.dropout(x, self.drop_rate, self.training)
        logits: Tensor = self.fc(x)
        return logits

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 3, S, S) -> logits (n, num_classes)."""
        return self.forward_head(self.forward_features(x))


class PlainCNN(_Classifier):
    """Four times convolution and pooling, then two dense layers; no norm, no skip, as the beginners' texts draw it.

    At 150 pixels: 32×74×74, 64×36×36, 128×17×17, 128×7×7, flat 6,272, dense 512, classes. The layout is F. Chollet's
    (Deep Learning with Python, 2017, section 5.2), which the texts' Keras examples descend from. At other sizes the
    last map is averaged to 7×7, so that the dense layer always fits.
    """

    depth_order = (r"^blocks\.0", r"^blocks\.1", r"^blocks\.2", r"^blocks\.3", r"^dense")

    def __init__(
        self,
        num_classes: int = 1000,
        in_chans: int = 3,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
        widths: tuple[int, ...] = (32, 64, 128, 128),
        hidden: int = 512,
    ) -> None:
        super().__init__()
        self.num_features, self.head_hidden_size, self.drop_rate = (
            widths[-1],
            hidden,
            drop_rate,
        )
        self.global_pool = global_pool
        blocks = []
        for inside, out in zip((in_chans, *widths[:-1]), widths, strict=True):
            blocks.append(nn.Sequential(nn.Conv2d(inside, out, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)))
        self.blocks = nn.Sequential(*blocks)
        self.dense = nn.Linear(widths[-1] * 7 * 7, hidden)
        self.reset_classifier(num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                # Without norms, torch's default init shrinks the signal fourfold a layer and training stands still.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.constant_(module.get_parameter("bias"), 0.0)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (n, 3, S, S) -> the last map (n, 128, h, w)."""
        features: Tensor = self.blocks(x)
        return features

    def pool(self, x: Tensor) -> Tensor:
        """(n, 128, h, w) -> (n, 512): the dense layer takes the place of pooling; off, the map itself."""
        if not self.global_pool:
            return x
        if x.shape[-2:] != (7, 7):
            x = F.adaptive_avg_pool2d(x, 7)
        return F.relu(self.dense(x.flatten(1)))


class _Residual(nn.Module):
    """x + two convolutions of x, the same shape out as in (the "ConvB-ConvB" of the table)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(width, width), _conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        more: Tensor = self.conv2(self.conv1(x))
        return x + more


class ResNet9(_Classifier):
    """A series of convolution blocks with two residual ones, after the table of a text on natural scenes.

    At 150 pixels: conv1 32×150×150, conv2 64×37×37, res1 64×37×37, conv3 128×9×9, conv4 256×2×2, res2 256×2×2, then
    the largest value of each channel (at 150 pixels that is the table's 2×2 max pooling) and one linear layer. The
    pattern is D. Page's ("How to train your ResNet", 2018).

    Lean (`stride` > 1): the first convolution is strided and carries fewer channels, so that a picture costs about a
    fiftieth and a set of 1,800 pictures is learned in about a minute on two CPU cores.
    """

    depth_order = ("^conv1", "^conv2", "^res1", "^conv3", "^conv4", "^res2")

    def __init__(
        self,
        num_classes: int = 1000,
        in_chans: int = 3,
        global_pool: str = "max",
        drop_rate: float = 0.0,
        widths: tuple[int, int, int, int] = (32, 64, 128, 256),
        pools: tuple[int, int, int] = (4, 4, 4),
        stem_kernel: int = 3,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.num_features = self.head_hidden_size = widths[-1]
        self.drop_rate, self.global_pool = drop_rate, global_pool
        self.conv1 = _conv(in_chans, widths[0], kernel=stem_kernel, stride=stride)
        self.conv2 = _conv(widths[0], widths[1], pool=pools[0])
        self.res1 = _Residual(widths[1])
        self.conv3 = _conv(widths[1], widths[2], pool=pools[1])
        self.conv4 = _conv(widths[2], widths[3], pool=pools[2])
        self.res2 = _Residual(widths[3])
        self.reset_classifier(num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (n, 3, S, S) -> the last map (n, 256, h, w)."""
        x = self.res1(self.conv2(self.conv1(x)))
        features: Tensor = self.res2(self.conv4(self.conv3(x)))
        return features


class _Projected(nn.Module):
    """A residual block that may halve the map and widen it, and still passes its input through unchanged.

    The skip path rescales by 2×2 averaging and brings the channels to the new number by a 1×1 convolution that starts
    as an identity (channel i to channels i, i + in, …), without norm or bias. The last norm of the branch starts at
    zero. So at the start of training the block's output is its rescaled input, exactly, however deep the stack, and
    what training adds is a true residual (He et al. 2016, "Identity mappings"; zero start: Goyal et al. 2017).
    """

    def __init__(self, inside: int, out: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(inside, out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
        )
        last = self.branch[-1]
        assert isinstance(last, nn.BatchNorm2d)
        nn.init.zeros_(last.weight)
        self.skip = nn.Sequential()
        if stride > 1:
            # ceil_mode: an odd map gives the same size as the strided convolution beside it
            self.skip.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if inside != out:
            projection = nn.Conv2d(inside, out, 1, bias=False)
            nn.init.dirac_(projection.weight, groups=out // inside)
            self.skip.append(projection)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.skip(x) + self.branch(x))


class ResNet4(_Classifier):
    """Four residual blocks, each with a projected skip path that is an identity after rescaling.

    At 150 pixels: stem 64×37×37, blocks 64×37×37, 128×19×19, 256×10×10, 512×5×5, mean of each channel, linear.
    """

    depth_order = ("^stem", r"^blocks\.0", r"^blocks\.1", r"^blocks\.2", r"^blocks\.3")

    def __init__(
        self,
        num_classes: int = 1000,
        in_chans: int = 3,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
        widths: tuple[int, int, int, int] = (64, 128, 256, 512),
    ) -> None:
        super().__init__()
        self.num_features = self.head_hidden_size = widths[-1]
        self.drop_rate, self.global_pool = drop_rate, global_pool
        self.stem = _conv(in_chans, widths[0], kernel=5, stride=2, pool=2)
        self.blocks = nn.Sequential(
            *(
                _Projected(inside, out, stride)
                for inside, out, stride in zip((widths[0], *widths[:-1]), widths, (1, 2, 2, 2), strict=True)
            )
        )
        self.reset_classifier(num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (n, 3, S, S) -> the last map (n, 512, h, w)."""
        features: Tensor = self.blocks(self.stem(x))
        return features


def _cfg(size: int, first_conv: str) -> dict[str, Any]:
    return {
        "num_classes": 1000,
        "input_size": (3, size, size),
        "pool_size": None,
        "crop_pct": 1.0,
        "interpolation": "bicubic",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.25, 0.25, 0.25),
        "first_conv": first_conv,
        "classifier": "fc",
        "license": "apache-2.0",
    }


default_cfgs = timm.models.generate_default_cfgs(
    {
        "plain_cnn.untrained": _cfg(150, "blocks.0.0"),
        "resnet9.untrained": _cfg(150, "conv1.0"),
        "resnet9_lean.untrained": _cfg(96, "conv1.0"),
        "resnet4.untrained": _cfg(150, "stem.0"),
    }
)


@timm.models.register_model
def plain_cnn(pretrained: bool = False, **kwargs: Any) -> PlainCNN:
    """The plain CNN: convolution and pooling four times, dense 512, classes. 3.5 million parameters."""
    return timm.models.build_model_with_cfg(PlainCNN, "plain_cnn", pretrained, **kwargs)


@timm.models.register_model
def resnet9(pretrained: bool = False, **kwargs: Any) -> ResNet9:
    """ResNet9 as the text's table gives it. 1.7 million parameters."""
    return timm.models.build_model_with_cfg(ResNet9, "resnet9", pretrained, **kwargs)


@timm.models.register_model
def resnet9_lean(pretrained: bool = False, **kwargs: Any) -> ResNet9:
    """ResNet9 for the embedded demo: small pictures, two CPU cores, no weights to start from."""
    lean: dict[str, Any] = {
        "widths": (24, 48, 96, 128),
        "pools": (2, 2, 2),
        "stem_kernel": 5,
        "stride": 2,
    }
    return timm.models.build_model_with_cfg(ResNet9, "resnet9_lean", pretrained, **(lean | kwargs))


@timm.models.register_model
def resnet4(pretrained: bool = False, **kwargs: Any) -> ResNet4:
    """The own ResNet with four residual blocks. 4.9 million parameters."""
    return timm.models.build_model_with_cfg(ResNet4, "resnet4", pretrained, **kwargs)
