"""MixUp and CutMix: two images of a batch become one, and so do their labels.

MixUp (Zhang et al. 2018) adds the images up in shares; CutMix (Yun et al. 2019) pastes a rectangle of one into the
other. Each image of a batch has its own share. The shares are drawn from a Beta(alpha, alpha) distribution.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from sightline.errors import UsageError


def mix(
    images: Tensor, targets: Tensor, spec: Mapping[str, float], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mix each image, and its target, with another one of the batch.

    Args:
        images: (n, 3, S, S), floating point.
        targets: (n, K), rows that sum to 1, such as one-hot labels.
        spec: `mixup` and `cutmix`, each an alpha of at least 0; 0 or absent: not used. With both, each batch takes one
            of the two with equal chance.
        generator: source of every random value.

    Returns:
        Images and targets of the same shapes; the very same tensors when the spec asks for nothing.

    Raises:
        UsageError: an unknown name, or an alpha below 0.
    """
    unknown = set(spec) - {"mixup", "cutmix"}
    if unknown or any(alpha < 0 for alpha in spec.values()):
        raise UsageError(f"mixing: give mixup and cutmix each a number of at least 0, not {dict(spec)}.")
    ways = [name for name in ("mixup", "cutmix") if spec.get(name)]
    if not ways or len(images) < 2:
        return images, targets
    way = ways[int(torch.randint(len(ways), (), generator=generator, device=generator.device))]
    n = len(images)
    # A turn of the batch by 1 to n-1 places: every image gets another one as partner.
    turn = int(torch.randint(1, n, (), generator=generator, device=generator.device))
    share = _beta(float(spec[way]), n, generator)
    others = images.roll(turn, 0)
    if way == "mixup":
        weight = share.to(images.device, images.dtype)[:, None, None, None]
        images = torch.lerp(others, images, weight)
    else:
        images = images.clone()
        share = _paste(images, others, share, generator)
    weight = share.to(targets.device, targets.dtype)[:, None]
    return images, torch.lerp(targets.roll(turn, 0), targets, weight)


def _paste(images: Tensor, others: Tensor, share: Tensor, generator: torch.Generator) -> Tensor:
    """Paste a rectangle of about 1 - share of the area from `others` into each image; the shares that really remain."""
    rows, columns = images.shape[-2:]
    side = torch.sqrt(1 - share)
    centre = torch.rand(len(share), 2, generator=generator, device=generator.device).cpu()
    kept = []
    for image, other, half, (y, x) in zip(images, others, (side / 2).tolist(), centre.tolist(), strict=True):
        top, bottom = round(max(y - half, 0) * rows), round(min(y + half, 1) * rows)
        left, right = round(max(x - half, 0) * columns), round(min(x + half, 1) * columns)
        image[:, top:bottom, left:right] = other[:, top:bottom, left:right]
        kept.append(1 - (bottom - top) * (right - left) / (rows * columns))
    return torch.tensor(kept)


def _beta(alpha: float, n: int, generator: torch.Generator) -> Tensor:
    """n values from Beta(alpha, alpha), on the CPU, as ratios of gamma values: those take a generator in torch."""
    shape = torch.full((2, n), alpha, device=generator.device)
    first, second = torch._standard_gamma(shape, generator=generator).cpu().clamp_min(1e-30)
    share: Tensor = first / (first + second)
    return share
