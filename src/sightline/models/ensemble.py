"""Several networks of one architecture that answer together: the mean of their logits.

Each member learned from other photos (`training/folds.py`), so their errors differ and part of them cancels.
Logits are averaged, not probabilities: then one temperature calibrates the whole as it does a single network, and the
mean leaves as an ordinary network would give it (to engines, exports and heat maps). Where members disagree the mean
is less sure than each of them, which is as it should be.

There is one embedding, that of the first member. Which photos are like the training photos can only be calibrated on
photos that a member has not learned from, and for each photo that is one member alone: an embedding made of all of
them, all but one of which know the photo, has nothing to be calibrated on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sightline.models.heads import classify


class Ensemble(nn.Module):
    """Follows timm's contract: get_classifier()(forward_head(forward_features(x), pre_logits=True)) gives logits.

    What passes between the three is a list, one for each member.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward_features(self, images: Tensor) -> list[Any]:
        """Images (n, 3, S, S) -> what each member makes of them."""
        return [member.forward_features(images) for member in self.each]

    def forward_head(self, features: list[Any], pre_logits: bool = False) -> list[Any] | Tensor:
        """Each member's pooled features, or, without `pre_logits`, the mean of their logits (n, K)."""
        pairs = list(zip(self.each, features, strict=True))
        if pre_logits:
            return [member.forward_head(part, pre_logits=True) for member, part in pairs]
        return _mean([member.forward_head(part) for member, part in pairs])

    def get_classifier(self) -> Classifiers:
        """The members' classifiers, as one that takes the list of their pooled features."""
        return Classifiers([member.get_classifier() for member in self.each])

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 3, S, S) -> logits (n, K)."""
        return _mean([member(images) for member in self.each])

    @property
    def each(self) -> list[Any]:
        """The members, untyped: what timm adds to a network is in no type."""
        return list(self.members)


class Classifiers(nn.Module):
    """The last layers of all members."""

    def __init__(self, classifiers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.classifiers = nn.ModuleList(classifiers)

    def forward(self, hidden: list[Tensor]) -> Tensor:
        """What each member has before its classifier -> the mean of the logits (n, K)."""
        return _mean([classify(*pair) for pair in zip(self.classifiers, hidden, strict=True)])


def parts(module: nn.Module) -> list[Any]:
    """The networks in `module`: the members of an ensemble, or itself alone."""
    return module.each if isinstance(module, Ensemble) else [module]


def _mean(logits: list[Tensor]) -> Tensor:
    # In float32: under bfloat16 the sum of five would lose more than the members did.
    return torch.stack([one.float() for one in logits]).mean(dim=0)
