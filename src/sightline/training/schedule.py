"""How fast each parameter learns, and when: parameter groups and learning rates as pure functions.

names = trainable(net, "last:3")                            # which parameters learn in this phase
parts = groups(net, names, lr=1e-3, layer_decay=0.8, weight_decay=0.02)
for group in parts:                                         # before each optimiser step
    group["lr"] = rate("one-cycle", step, total, peak=1e-3) * group["scale"]
"""

import math
from collections.abc import Callable, Collection
from typing import Any

from torch import nn

from sightline.errors import UsageError
from sightline.models.freezing import trainable
from sightline.models.lean import timm

__all__ = ["groups", "rate", "trainable"]

START = 1 / 25
"""One-cycle begins at this fraction of the peak (fastai's and PyTorch's choice)."""


def groups(
    module: nn.Module, names: Collection[str], lr: float, layer_decay: float = 1.0, weight_decay: float = 0.0
) -> list[dict[str, Any]]:
    """Parameter groups for a torch optimiser, earliest layers first.

    Each has `params`, `lr`, `weight_decay` and `scale`, the group's learning rate as a fraction of `lr`. The last layer
    has scale 1, and each earlier one `layer_decay` times the next one's (ELECTRA, Clark et al. 2020; BEiT, Bao et al.
    2021), layers being the blocks that timm's `group_matcher` names, or single layers where a network has none. Norms,
    biases and what the network names in `no_weight_decay()` are not decayed. A head that asks for its own L2 penalty
    gets it.

    Args:
        module: a timm network.
        names: the parameters that learn, from `trainable`.
        lr: peak learning rate.
        layer_decay: in 0-1; 1: the same rate everywhere.
        weight_decay: of all other weights.
    """
    depth = _depths(module)
    deepest = max(depth.values(), default=0)
    spared = set(_call(module, "no_weight_decay"))
    asked = {
        f"{place}.{name}": float(part.l2)
        for place, part in module.named_modules()
        if getattr(part, "l2", None) is not None
        for name, _ in part.named_parameters()
    }
    made: dict[tuple[int, float], dict[str, Any]] = {}
    for name, parameter in module.named_parameters():
        if name not in names:
            continue
        plain = parameter.ndim <= 1 or name.endswith(".bias") or name in spared
        decay = 0.0 if plain else asked.get(name, weight_decay)
        below = 0 if layer_decay == 1 else deepest - depth[name]
        scale = layer_decay**below
        group = made.setdefault(
            (-below, decay), {"params": [], "lr": lr * scale, "weight_decay": decay, "scale": scale}
        )
        group["params"].append(parameter)
    return [made[key] for key in sorted(made)]


def rate(
    schedule: str,
    step: int,
    total_steps: int,
    peak: float,
    *,
    warmup: float = 0.25,
    decay: float = 0.0,
    cycle_steps: float = 100.0,
    lr_min: float = 0.01,
) -> float:
    """The learning rate of one optimiser step.

    Args:
        schedule: `constant`; `one-cycle`, cosine up from peak/25 and cosine down (Smith & Topin 2018); `cosine`, linear
            up and cosine down (Loshchilov & Hutter 2016); `cyclical`, triangular (Smith 2017); `step-decay`,
            peak / (1 + decay · step).
        step: from 0 to total_steps - 1; later steps get the last rate.
        total_steps: optimiser steps of the phase.
        peak: the highest rate.
        warmup: one-cycle, cosine: the share of the steps that climbs.
        decay: step-decay: see above.
        cycle_steps: cyclical: steps from one trough to the next.
        lr_min: one-cycle, cosine, cyclical: the lowest rate as a fraction of the peak.

    Raises:
        UsageError: there is no such schedule.
    """
    step = min(max(step, 0), max(total_steps - 1, 0))
    floor = peak * lr_min
    climb = warmup * total_steps
    if schedule == "constant":
        return peak
    if schedule == "step-decay":
        return peak / (1 + decay * step)
    if schedule == "cyclical":
        position = step / cycle_steps % 1.0
        return floor + (peak - floor) * (1 - abs(2 * position - 1))
    if schedule == "one-cycle":
        top = max(climb - 1, 0.0)
        if step < top:
            return _cosine(peak * START, peak, step / top)
        return _cosine(peak, floor, (step - top) / max(total_steps - 1 - top, 1e-9))
    if schedule == "cosine":
        if step < climb - 1:
            return peak * (step + 1) / climb
        top = max(math.ceil(climb) - 1, 0)
        return _cosine(peak, floor, (step - top) / max(total_steps - 1 - top, 1e-9))
    known = "constant, one-cycle, cosine, cyclical, step-decay"
    raise UsageError(f"schedule: {schedule} is unknown. Choose one of {known}.")


def _cosine(start: float, end: float, position: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(max(position, 0.0), 1.0))) / 2


def _depths(module: nn.Module) -> dict[str, int]:
    """Parameter name -> how deep, 0 first."""
    matcher: Callable[..., Any] | None = getattr(module, "group_matcher", None)
    if matcher is not None:
        found: dict[str, int] = timm.models.group_parameters(module, matcher(coarse=False), reverse=True)
        return found
    layers: dict[str, int] = {}
    return {name: layers.setdefault(name.rpartition(".")[0], len(layers)) for name, _ in module.named_parameters()}


def _call(module: nn.Module, name: str) -> Collection[str]:
    method = getattr(module, name, None)
    found: Collection[str] = method() if method else ()
    return found
