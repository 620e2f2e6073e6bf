"""Flips, turns, shifts, shears, zooms and crops of a batch, folded into one resampling.

Each image has its own values. They are written down as one `Placement`, become one 2×3 matrix for each image, and the
pixels are read once, by bilinear interpolation. Folding keeps the picture sharper than a chain of operations (each
would blur a little) and costs the same however many there are.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sightline.data.augment.specs import FILLS


@dataclass
class Placement:
    """Where each of n images is looked at; every field has shape (n,) and starts at "unchanged".

    Attributes:
        flip: 1, or -1 for a mirror image.
        angle: of rotation, radians, counter-clockwise.
        shear_x: sideways shift for each unit of height.
        shear_y: shift down for each unit of width.
        shift_x: how far the picture moves right, as a fraction of the side.
        shift_y: how far it moves down, as a fraction of the side.
        zoom: above 1 enlarges.
        width: share of the width that the crop keeps.
        height: share of the height that it keeps.
        left: where the crop lies in the room that it leaves from left to right, 0-1.
        top: the same from top to bottom.
    """

    flip: Tensor
    angle: Tensor
    shear_x: Tensor
    shear_y: Tensor
    shift_x: Tensor
    shift_y: Tensor
    zoom: Tensor
    width: Tensor
    height: Tensor
    left: Tensor
    top: Tensor

    @classmethod
    def unchanged(cls, n: int) -> "Placement":
        """n images as they are."""
        ones, zeros, half = torch.ones(n), torch.zeros(n), torch.full((n,), 0.5)
        copies = {name: zeros.clone() for name in ("angle", "shear_x", "shear_y", "shift_x", "shift_y")}
        sides = {name: ones.clone() for name in ("flip", "zoom", "width", "height")}
        return cls(**copies, **sides, left=half, top=half.clone())

    def matrices(self) -> Tensor:
        """(n, 2, 3): from places in the result to places in the picture, both from -1 to 1 across."""
        cos, sin = torch.cos(self.angle), torch.sin(self.angle)
        # y runs downwards in pictures, so this turns the picture counter-clockwise as a person sees it
        turn = _two_by_two(cos, -sin, sin, cos)
        shear = _two_by_two(torch.ones_like(cos), -self.shear_x, -self.shear_y, torch.ones_like(cos))
        inner = turn @ shear / self.zoom[:, None, None]
        inner[:, :, 0] *= self.flip[:, None]
        inner *= torch.stack([self.width, self.height], 1)[:, :, None]
        x = (1 - self.width) * (2 * self.left - 1) - 2 * self.shift_x
        y = (1 - self.height) * (2 * self.top - 1) - 2 * self.shift_y
        return torch.cat([inner, torch.stack([x, y], 1)[:, :, None]], 2)

    def only_flips(self) -> bool:
        """Whether nothing but mirror images is asked for, which needs no resampling."""
        same = Placement.unchanged(len(self.flip))
        moved = ("angle", "shear_x", "shear_y", "shift_x", "shift_y", "zoom", "width", "height")
        return all(torch.equal(getattr(self, name), getattr(same, name)) for name in moved)


def warp(images: Tensor, placement: Placement, fill: str = "reflect") -> Tensor:
    """Look at each image from its place.

    Args:
        images: (n, c, S, S), floating point.
        placement: n places, on the CPU.
        fill: one of FILLS.

    Returns:
        A tensor of the same shape, type and device; `images` itself when nothing is asked for.
    """
    if placement.only_flips():
        if (placement.flip > 0).all():
            return images
        flipped = (placement.flip < 0).to(images.device)
        return torch.where(flipped[:, None, None, None], images.flip(3), images)
    matrices = placement.matrices().to(images.device, images.dtype)
    rows, columns = images.shape[-2:]
    x, y = _centres(columns, images), _centres(rows, images)
    # matrix times (x, y, 1), written out: a tenth of the time of affine_grid, which multiplies n·S·S little matrices
    along = matrices[:, :, 0, None] * x
    down = matrices[:, :, 1, None] * y + matrices[:, :, 2, None]
    grid = torch.empty(len(images), rows, columns, 2, device=images.device, dtype=images.dtype)
    for axis in (0, 1):
        torch.add(along[:, axis, None, :], down[:, axis, :, None], out=grid[..., axis])
    return F.grid_sample(images, grid, mode="bilinear", padding_mode=FILLS[fill], align_corners=False)


def place_crop(share: Tensor, ratio: Tensor) -> tuple[Tensor, Tensor]:
    """Width and height, as shares of the sides, of a crop with this share of the area and this width/height ratio."""
    width = torch.sqrt(share * ratio).clamp(max=1.0)
    return width, (share / width).clamp(max=1.0)


def degrees(values: Tensor) -> Tensor:
    """Degrees to radians."""
    return values * (math.pi / 180)


def _two_by_two(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return torch.stack([torch.stack([a, b], 1), torch.stack([c, d], 1)], 1)


def _centres(count: int, like: Tensor) -> Tensor:
    """The centres of `count` pixels between -1 and 1."""
    return (torch.arange(count, device=like.device, dtype=like.dtype) * 2 + 1) / count - 1
