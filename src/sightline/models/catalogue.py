"""Which networks there are, by name: timm's, and our own, which are registered with timm."""

from __future__ import annotations

import logging
from typing import Any

from torch import Tensor

from sightline.errors import SightlineError, UsageError
from sightline.models import nets
from sightline.models.heads import NOT_LINEAR
from sightline.models.lean import timm
from sightline.system.processes import is_short_of_memory

# What timm would say of weights reaches a person in Sightline's words; whoever sets up logging hears timm as well.
logging.getLogger("timm").addHandler(logging.NullHandler())

DEFAULT = "tf_efficientnet_lite0"
"""Without --model and --weights; its weights come with Sightline (models/box.py)."""


# By the module in which timm keeps them; tests/models/test_families.py holds the lists against timm.
_OTHER_HEADS = {
    "cpubone", "crossvit", "efficientformer", "efficientformer_v2", "efficientvim", "iformer", "levit", "metaformer",
    "repvit", "swiftformer",
}  # fmt: skip
_DISTILLED = {"deit", "pit"}
_OTHERWISE = {
    "sequencer": "hands out its features in an order of its own",
    "vision_transformer_sam": "is made for segmentation, and has no head that could be replaced",
}


def is_known(name: object) -> bool:
    """Whether timm, or our own registry in it, has a network of this name (a pretrained tag may follow a dot)."""
    return isinstance(name, str) and timm.is_model(architecture_of(name))


def require_known(name: str) -> None:
    """Refuse a name of no network, or of one that Sightline cannot take.

    Raises:
        UsageError: names networks that may have been meant, or says why not.
    """
    if not is_known(name):
        raise UsageError(f"--model {name}: no such network. {suggest(name)}")
    if reason := reason_against(name):
        raise UsageError(
            f"--model {name}: {reason}, so Sightline does not take it. `sightline models --all` lists the rest."
        )


def architecture_of(name: str) -> str:
    """The name without its pretrained tag: resnet34 of resnet34.a1_in1k."""
    return str(timm.models.split_model_name_tag(name)[0])


def suggest(name: str) -> str:
    """A sentence that names networks with a similar name."""
    from difflib import get_close_matches

    close = get_close_matches(name, timm.list_models(), n=3, cutoff=0.6)
    return f"Did you mean {', '.join(close)}?" if close else "`sightline models --all` lists them."


def reason_against(name: str) -> str | None:
    """Why Sightline cannot train this network; None for those that it can."""
    family = timm.models.model_entrypoint(architecture_of(name)).__module__.rpartition(".")[2]
    if family in _OTHER_HEADS or (family in _DISTILLED and "distilled" in name):
        return NOT_LINEAR
    return _OTHERWISE.get(family)


def own_names() -> list[str]:
    """The networks that are Sightline's own."""
    return list(nets.NAMES)


def cannot_take(name: str, size: int | None, own: int | None, error: BaseException) -> SightlineError:
    """What to say of a network that fails at a size, whose libraries speak of shapes of tensors.

    Args:
        name: of the network.
        size: side of the photos in pixels.
        own: that at which it was pretrained.
        error: what it raised.
    """
    if is_short_of_memory(error):
        return SightlineError(f"{name}: there is not enough memory for it at {size} pixels. Try a smaller --img-size.")
    if size is None or size == own:
        return SightlineError(f"{name}: cannot be run as it is described. Choose another network with --model.")
    best = f"--img-size {own}, at which it was pretrained" if own else "another --img-size"
    return SightlineError(
        f"{name} cannot take {size}-pixel photos. Give {best}, or choose another network with --model."
    )


def create(
    name: str,
    settings: dict[str, Any],
    classes: int,
    *,
    weights: dict[str, Tensor] | None = None,
    preprocessing: dict[str, Any] | None = None,
    drop_rate: float = 0.0,
    size: int | None = None,
) -> Any:
    """The bare timm module of a name.

    Args:
        name: a timm name.
        settings: arguments beyond the architecture's defaults.
        classes: outputs of its classifier.
        weights: a state dict as its authors or timm wrote it; None: random values.
        preprocessing: what is laid over timm's own description of the weights.
        drop_rate: dropout before the classifier.
        size: side of the photos in pixels, for a network that is built for one size.

    Raises:
        SightlineError: the weights do not fit, or the network cannot be built.
    """
    arguments = dict(settings, num_classes=classes)
    if drop_rate:
        arguments["drop_rate"] = drop_rate
    overlay = dict(preprocessing or {})
    if weights is not None:
        overlay.update(custom_load=False, source="", state_dict=dict(weights))
    architecture, tag = timm.models.split_model_name_tag(name)
    known = timm.models.get_pretrained_cfg(name, allow_unregistered=True) if tag or not overlay else None
    if size and (overlay.get("fixed_input_size") or (known is not None and known.fixed_input_size)):
        arguments["img_size"] = size
    try:
        module: Any = timm.create_model(
            name, pretrained=weights is not None, pretrained_cfg_overlay=overlay or None, **arguments
        )
    except UsageError:
        raise
    except Exception as error:  # timm raises whatever a state dict or an argument makes it trip over
        if weights is not None:
            raise SightlineError(f"these weights do not fit {architecture}") from error
        if size or settings:
            raise cannot_take(architecture, size, known.input_size[-1] if known else None, error) from error
        raise SightlineError(f"{architecture}: cannot be built by the timm that is installed here.") from error
    module.pretrained_cfg.pop("state_dict", None)  # it has served
    return module
