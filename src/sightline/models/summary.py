"""The layers of a network: shapes, parameters, which of them learn, and the totals, as `sightline models NAME` prints.

    table = describe("resnet50", size=150, head="dense", classes=6, train="head")
    table["totals"]      # {"parameters": 75943..., "trainable": 52435974, ...}

No value counts: torch's meta device follows the shapes through the network. Small networks are shown a black photo
instead, all their weights zero: that is done before the libraries are loaded that the meta device needs for it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from sightline.errors import SightlineError, UsageError
from sightline.models import catalogue, heads
from sightline.models.catalogue import cannot_take
from sightline.models.freezing import trainable
from sightline.models.lean import Unfilled, shapes_only, timm

_SMALL = 60_000_000  # parameters, up to which a network is shown a photo on the processor
_SMALL_PHOTO = 320  # pixels on a side


def describe(
    name: str, *, size: int | None = None, train: str = "all", head: str = "linear", classes: int | None = None
) -> dict[str, Any]:
    """The layers of a network in the order in which an image passes them.

    Args:
        name: a timm network or one of ours; no weights are needed.
        size: pixels on a side; None: what it was pretrained at.
        train: what learns: all, head, last:N, or a regular expression on parameter names.
        head: linear, dense or regularised.
        classes: how many; None: as many as the network comes with (1,000).

    Returns:
        `name`, `size`, `classes`, `layers` (each with name, kind, output shape without the batch or None, parameters,
        trainable parameters) and `totals`: parameters, trainable, non_trainable, and running_statistics, the means and
        variances of norms, which are no parameters here but which Keras counts among the non-trainable ones.

    Raises:
        UsageError: the network or what learns is not known.
        SightlineError: the network cannot take this size.
    """
    if not catalogue.is_known(name):
        raise UsageError(f"{name}: no such network. {catalogue.suggest(name)}")
    cfg = timm.models.get_pretrained_cfg(name, allow_unregistered=True)
    fixed: dict[str, Any] = {"img_size": size} if size and cfg is not None and cfg.fixed_input_size else {}

    def built() -> Any:
        module: Any = timm.create_model(name, pretrained=False, **fixed)
        ours = classes or int(module.num_classes)
        if head != "linear" or ours != module.num_classes:
            heads.attach(module, head, ours, size or int(module.pretrained_cfg["input_size"][-1]))
        return module

    module: Any
    try:
        with shapes_only():
            module = built()
        size = size or int(module.pretrained_cfg["input_size"][-1])
        classes = classes or int(module.num_classes)
        if size <= _SMALL_PHOTO and sum(parameter.numel() for parameter in module.parameters()) <= _SMALL:
            with Unfilled():
                module = built()
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.zero_()
        layers = _layers(module, size, trainable(module, train))
    except SightlineError:
        raise
    except Exception as error:  # whatever a network raises at a size that does not suit it
        own = int(cfg.input_size[-1]) if cfg is not None else None
        raise cannot_take(name, size, own, error) from error
    total = sum(layer["parameters"] for layer in layers)
    learns = sum(layer["trainable"] for layer in layers)
    statistics = sum(
        buffer.numel() for place, buffer in module.named_buffers() if place.endswith(("running_mean", "running_var"))
    )
    totals = {
        "parameters": total,
        "trainable": learns,
        "non_trainable": total - learns,
        "running_statistics": statistics,
    }
    return {"name": name, "size": size, "classes": classes, "layers": layers, "totals": totals}


def _layers(module: nn.Module, size: int, names: set[str]) -> list[dict[str, Any]]:
    """One row for each module that has no parts, or has parameters of its own, in the order of execution."""
    places = {part: place for place, part in module.named_modules()}
    rows: dict[str, dict[str, Any]] = {}

    def row(part: nn.Module) -> dict[str, Any]:
        place = places[part]
        own = dict(part.named_parameters(prefix=place, recurse=False))
        return {
            "name": place or "(network)",
            "kind": type(part).__name__,
            "output": None,
            "parameters": sum(parameter.numel() for parameter in own.values()),
            "trainable": sum(parameter.numel() for name, parameter in own.items() if name in names),
        }

    def passed(part: nn.Module, _: Any, output: Any) -> None:
        made = rows.setdefault(places[part], row(part))
        if isinstance(output, torch.Tensor):
            made["output"] = list(output.shape[1:])

    listed = [part for part in places if not list(part.children()) or list(part.parameters(recurse=False))]
    if module in listed:
        rows[""] = row(module)  # such as a class token: it belongs to no layer, and comes before them
        listed.remove(module)
    hooks = [part.register_forward_hook(passed) for part in listed]
    try:
        with torch.no_grad():
            module.eval()(torch.zeros(1, 3, size, size, device=next(module.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    for part in listed:  # parameters that no forward call of their own module shows
        if places[part] not in rows and list(part.parameters(recurse=False)):
            rows[places[part]] = row(part)
    return [made for made in rows.values() if made["kind"] != "Identity"]
