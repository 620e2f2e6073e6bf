"""Heads: the layers that are new for a dataset, put on a timm network in place of its classifier.

    attach(module, "linear", classes=6, size=150)

After it the network still follows timm's contract, `logits == get_classifier()(forward_head(forward_features(x),
pre_logits=True))` in eval mode, and `get_classifier()` is the whole head. So what comes before it can be computed once
and kept while the head learns, whatever the head is.

The heads, for F pooled features, or c·h·w unpooled ones:

    linear       F -> classes
    dense        c·h·w flattened -> 1,024, ReLU -> classes; at 150 pixels ResNet50's 2048·5·5 = 51,200 values give
                 51,200·1,024 + 1,024 + 1,024·6 + 6 = 52,435,974 parameters (the text on ResNet50 and scenes)
    regularised  F, batch norm, dropout -> 256, ReLU, batch norm, dropout -> classes, with an L2 penalty on the dense
                 layers ("regularizers and normalizers" of the text on flowers)
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sightline.errors import SightlineError, UsageError

NOT_LINEAR = "does not end in one linear layer"
"""Why some of timm's networks are not taken."""

KINDS = ("linear", "dense", "regularised")


class Norm(nn.BatchNorm1d):
    """Batch norm that also trains on a batch of one, which has no variance of its own, by its running figures."""

    def forward(self, input: Tensor) -> Tensor:
        """(n, F) -> (n, F)."""
        if self.training and len(input) == 1:
            return nn.functional.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(input)


class Head(nn.Sequential):
    """A head of several layers. `l2`: the weight decay that its weight matrices ask for, or None for the run's own."""

    l2: float | None = None


def attach(
    module: nn.Module,
    head: str | Mapping[str, Any] = "linear",
    classes: int = 2,
    size: int = 224,
    *,
    hidden: int | None = None,
    dropout: float = 0.5,
    l2: float | None = 1e-3,
) -> nn.Module:
    """Replace the classifier of a timm network.

    Args:
        module: a timm classification network; changed in place.
        head: one of KINDS, or a mapping with `kind` and any of the options below.
        classes: number of classes, at least 2.
        size: pixels on a side of the images to come; only `dense` depends on it.
        hidden: width of the dense layer; None: 1,024 for `dense`, 256 for `regularised`.
        dropout: chance of dropping a value before each dense layer, `regularised` only.
        l2: weight decay of the head's matrices, `regularised` only; None: the run's.

    Returns:
        The same module.

    Raises:
        UsageError: the head or an option is unknown.
        SightlineError: the network has no single classifier to replace.
    """
    if isinstance(head, Mapping):
        options = dict(head)
        kind = options.pop("kind", "linear")
        unknown = set(options) - {"hidden", "dropout", "l2"}
        if unknown:
            raise UsageError(f"head: there is no option {', '.join(sorted(unknown))}. Known: hidden, dropout, l2.")
        return attach(module, kind, classes, size, **options)
    if head not in KINDS:
        raise UsageError(f"head: {head} is unknown. Choose one of {', '.join(KINDS)}.")
    place = classifier_name(module)
    reset: Any = module.reset_classifier
    if head == "linear":
        reset(classes)
        _require_linear(module)
        return module
    # "": no pooling, the head sees the whole map
    reset(0, "") if head == "dense" else reset(0)
    shape = _hidden_shape(module, size)
    wide = hidden or (1024 if head == "dense" else 256)
    if head == "dense":
        flat = shape.numel()
        new = Head(nn.Flatten(), nn.Linear(flat, wide), nn.ReLU(), nn.Linear(wide, classes))
    else:
        features = shape[0]
        new = Head(
            Norm(features),
            nn.Dropout(dropout),
            nn.Linear(features, wide),
            nn.ReLU(),
            Norm(wide),
            nn.Dropout(dropout),
            nn.Linear(wide, classes),
        )
        new.l2 = l2
    parent, _, name = place.rpartition(".")
    setattr(module.get_submodule(parent), name, new)
    module.num_classes = classes  # type: ignore[assignment]  # timm keeps it as a plain number
    return module


def _require_linear(module: nn.Module) -> None:
    """See that the network ends in one linear layer: a head fitted on features is put there, whatever network it is."""
    reader: Any = module.get_classifier
    classifier = reader()
    if not isinstance(classifier, nn.Linear | nn.Conv2d) or classifier.bias is None:
        raise SightlineError(f"The network {type(module).__name__} {NOT_LINEAR}. Choose another --model.")


def classifier_name(module: nn.Module) -> str:
    """Where a timm network keeps its classifier, such as `fc`, `classifier` or `head.fc`.

    Raises:
        SightlineError: it has none, or several.
    """
    reader = getattr(module, "get_classifier", None)
    found = reader() if reader else None
    for name, part in module.named_modules():
        if part is found and name:
            return str(name)
    kind = type(module).__name__
    raise SightlineError(f"The network {kind} has no single classifier to replace. Choose another --model.")


def classify(classifier: Any, hidden: Any) -> Any:
    """What a classifier makes of what `forward_head(..., pre_logits=True)` gave.

    Some networks (DLA, DPN, ResNetV2) end in a 1×1 convolution, but hand out their features flat.
    """
    if isinstance(classifier, nn.Conv2d) and hidden.ndim == 2:
        return classifier(hidden[:, :, None, None]).flatten(1)
    return classifier(hidden)


def embedding(hidden: Tensor | list[Tensor]) -> Tensor:
    """One vector (n, F) for each image from what `forward_head(..., pre_logits=True)` gives.

    Pooled features pass unchanged. A map (n, F, h, w), which a dense head reads, or tokens (n, t, F) are averaged over
    their places, since the flat map would be tens of thousands of values long. For an ensemble: the first member's.
    """
    if isinstance(hidden, list):
        return embedding(hidden[0])
    if hidden.ndim == 4:
        return hidden.mean(dim=(2, 3))
    return hidden.mean(dim=1) if hidden.ndim == 3 else hidden


def _hidden_shape(module: nn.Module, size: int) -> torch.Size:
    """The shape of what the head will see, for one image: the classifier is off, and the meta device only counts."""
    channels = dict(getattr(module, "pretrained_cfg", None) or {}).get("input_size", (3,))[0]
    state = {name: tensor.to("meta") for name, tensor in (*module.named_parameters(), *module.named_buffers())}
    training = module.training
    module.eval()
    with torch.no_grad():
        hidden: Tensor = functional_call(module, state, torch.empty(1, channels, size, size, device="meta"))
    module.train(training)
    return hidden.shape[1:]
