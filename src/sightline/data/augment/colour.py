"""Changes of light and colour of a batch, folded into one 3×3 matrix for each image.

Brightness, contrast, saturation, hue and grayscale are all linear in a pixel's red, green and blue. So they multiply up
to one matrix and one offset, the pixels are touched once, and values are cut to 0-1 once, at the end.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a gray (ITU-R BT.601), as Pillow and torchvision have them."""

_TO_YIQ = torch.tensor([LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
_FROM_YIQ = torch.linalg.inv(_TO_YIQ)


@dataclass
class Light:
    """The light that each of n images is seen in; every field has shape (n,) and starts at "unchanged".

    Attributes:
        brightness: factor on all values.
        contrast: factor on the distance from the image's mean gray.
        saturation: factor on the distance from each pixel's gray; 0 is a gray picture.
        hue: turn of the colour circle, radians.
    """

    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    hue: Tensor

    @classmethod
    def unchanged(cls, n: int) -> "Light":
        """n images as they are."""
        return cls(torch.ones(n), torch.ones(n), torch.ones(n), torch.zeros(n))

    def is_unchanged(self) -> bool:
        """Whether nothing is asked for."""
        factors = torch.stack([self.brightness, self.contrast, self.saturation])
        return bool((factors == 1).all() and (self.hue == 0).all())

    def only_scales(self) -> bool:
        """Whether the colours keep their proportions, so that one factor and one offset do."""
        return bool((self.saturation == 1).all() and (self.hue == 0).all())


def relight(images: Tensor, light: Light) -> Tensor:
    """Show each image in its light: brightness, then contrast, saturation and hue; the result is cut to 0-1.

    Args:
        images: (n, 3, S, S), floating point, in 0-1; changed in place.
        light: n lights, on the CPU.

    Returns:
        The same tensor.
    """
    if light.is_unchanged():
        return images
    device, dtype = images.device, images.dtype
    brightness, contrast = light.brightness.to(device, dtype), light.contrast.to(device, dtype)
    luma = torch.tensor(LUMA, device=device, dtype=dtype)
    offset = torch.zeros_like(brightness)
    if not (light.contrast == 1).all():
        offset = (images.mean(dim=(2, 3)) @ luma) * brightness * (1 - contrast)
    scale = brightness * contrast
    if light.only_scales():
        return images.mul_(scale[:, None, None, None]).add_(offset[:, None, None, None]).clamp_(0, 1)
    colours = _saturation(light.saturation) @ _hue(light.hue)  # they commute: both leave gray as it is
    matrices = colours.to(device, dtype) * scale[:, None, None]
    # A few images at a time: a temporary copy of the whole batch costs more in fresh memory than the arithmetic does.
    for start in range(0, len(images), 8):
        part = images[start : start + 8]
        shift = offset[start : start + 8, None, None].expand(-1, 3, 1)
        part.copy_(torch.baddbmm(shift, matrices[start : start + 8], part.flatten(2)).view(part.shape))
    return images.clamp_(0, 1)


def _saturation(factor: Tensor) -> Tensor:
    """(n,) -> (n, 3, 3): between the gray of a pixel and its colour."""
    gray = torch.tensor(LUMA).expand(3, 3)
    return factor[:, None, None] * torch.eye(3) + (1 - factor)[:, None, None] * gray


def _hue(angle: Tensor) -> Tensor:
    """(n,) -> (n, 3, 3): a turn about the gray axis (in YIQ, where it is a plain rotation)."""
    turns = torch.eye(3).repeat(len(angle), 1, 1)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turns[:, 1, 1], turns[:, 1, 2], turns[:, 2, 1], turns[:, 2, 2] = cos, -sin, sin, cos
    matrices: Tensor = _FROM_YIQ @ turns @ _TO_YIQ
    return matrices
