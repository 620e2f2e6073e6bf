"""Part of a network under timm's contract, so that every engine runs it: what it makes of photos is its embedding."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Headless(nn.Module):
    """A network whose embedding is what `forward_features` gives, flattened to (n, F); its logits mean nothing."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module
        self.classifier = _First()

    def forward_features(self, images: Tensor) -> Tensor:
        """(n, 3, S, S) -> (n, …), as the network's own."""
        found: Tensor = self.module.forward_features(images)
        return found

    def forward_head(self, hidden: Tensor, pre_logits: bool = False) -> Tensor:  # noqa: ARG002  (timm's signature)
        """(n, …) -> (n, F)."""
        return hidden.flatten(1)

    def get_classifier(self) -> nn.Module:
        """(n, F) -> (n, 1)."""
        return self.classifier


class _First(nn.Module):
    def forward(self, hidden: Tensor) -> Tensor:
        return hidden[:, :1]
