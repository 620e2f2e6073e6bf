"""Batch norms that stand still, folded into the convolutions before them while a network learns.

A norm whose statistics are frozen only scales and shifts each channel. Doing that to the weights of the convolution
before it, which are few, saves several passes over its output, forward and backward. The parameters stay what they are
and learn as before: the folded weights are made from them in each step.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
(2018), section 3.2, folds in training as well, there to learn what inference will do.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sightline.models.alike import alike, in_evaluation, noise
from sightline.models.lean import timm
from sightline.models.network import Network

_LIKE = 1e-3  # the folded network's answers, relative to the largest of them
_ACTIVATED: Any = timm.layers.BatchNormAct2d  # type: ignore[attr-defined]  # a norm and its activation in one


def fold(network: Network) -> Callable[[], None]:
    """Fold every norm that stands still and has a convolution before it, where one of the two learns.

    Which convolution that is, is seen on a picture; where the folded network answers otherwise (the convolution's
    output goes elsewhere too), everything stays as it was.

    Args:
        network: its norms are in the mode in which they will learn. Parameters and buffers stay the same objects.

    Returns:
        What undoes it.
    """
    module = network.module
    images = noise(network)
    with in_evaluation(module) as modes:
        pairs, expected = _pairs(module, images, modes)
        for convolution, norm in pairs:
            _fold(convolution, norm)
        found = module(images)

    def undo() -> None:
        for pair in pairs:
            for part in pair:
                part.__dict__.pop("forward", None)

    if not alike(found, expected, _LIKE):
        undo()
        pairs.clear()
    return undo


def _pairs(
    module: nn.Module, images: Tensor, modes: dict[nn.Module, bool]
) -> tuple[list[tuple[nn.Conv2d, nn.BatchNorm2d]], Tensor]:
    """Each convolution with the norm that takes its output, both used once; and what the network answers."""
    made: list[tuple[nn.Conv2d, Tensor]] = []
    taken: list[tuple[nn.BatchNorm2d, Tensor]] = []
    hooks = []
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            hooks.append(part.register_forward_hook(lambda part, _, output: made.append((part, output))))
        elif type(part) in (nn.BatchNorm2d, _ACTIVATED) and part.track_running_stats and not modes[part]:
            hooks.append(part.register_forward_pre_hook(lambda part, given: taken.append((part, given[0]))))
    try:
        answer: Tensor = module(images)
    finally:
        for hook in hooks:
            hook.remove()
    used = [part for part, _ in [*made, *taken]]
    pairs = [
        (convolution, norm)
        for norm, given in taken
        for convolution, output in made
        if output is given and used.count(convolution) == used.count(norm) == 1 and _learns(convolution, norm)
    ]
    return pairs, answer


def _learns(*parts: nn.Module) -> bool:
    return any(parameter.requires_grad for part in parts for parameter in part.parameters())


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    plain = copy.copy(convolution)  # the same parameters, and a forward of its own

    def forward(input: Tensor) -> Tensor:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = torch.rsqrt(norm.running_var + norm.eps)
        shift = -norm.running_mean * scale
        if norm.affine:
            scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
        if convolution.bias is not None:
            shift = shift + convolution.bias * scale
        weights = {"weight": convolution.weight * scale.view(-1, 1, 1, 1), "bias": shift}
        answer: Tensor = functional_call(plain, weights, (input,))
        return answer

    convolution.forward = forward  # type: ignore[method-assign]
    rest: Any = (lambda given: norm.act(norm.drop(given))) if isinstance(norm, _ACTIVATED) else (lambda given: given)
    norm.forward = rest  # type: ignore[method-assign]
