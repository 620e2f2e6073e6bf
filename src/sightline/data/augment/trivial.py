"""TrivialAugment: one operation for each image, drawn evenly, at a strength drawn evenly.

After Müller & Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation" (ICCV 2021), the "wide"
strengths. What moves pixels or is linear in colour is added to the batch's one resampling and one colour matrix
(`warp.py`, `colour.py`); only the few operations that are neither touch their own images again.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sightline.data.augment.colour import Light
from sightline.data.augment.warp import Placement, degrees

OPERATIONS = (
    "identity",
    "shear-x",
    "shear-y",
    "shift-x",
    "shift-y",
    "rotate",
    "brightness",
    "saturation",
    "contrast",
    "sharpness",
    "posterize",
    "solarize",
    "autocontrast",
    "equalize",
)


def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """For each of n images: which of OPERATIONS (int64), and how strongly, from -1 to 1."""
    chosen = torch.randint(len(OPERATIONS), (n,), generator=generator, device=generator.device).cpu()
    strength = torch.rand(n, generator=generator, device=generator.device).cpu() * 2 - 1
    return chosen, strength


def plan(chosen: Tensor, strength: Tensor, placement: Placement, light: Light) -> None:
    """Write what can be folded into the batch's placement and light, in place."""
    for name, field, most in (
        ("shear-x", placement.shear_x, 0.99),
        ("shear-y", placement.shear_y, 0.99),
        ("shift-x", placement.shift_x, 32 / 224),
        ("shift-y", placement.shift_y, 32 / 224),
        ("rotate", placement.angle, float(degrees(torch.tensor(135.0)))),
        ("brightness", light.brightness, 0.99),
        ("saturation", light.saturation, 0.99),
        ("contrast", light.contrast, 0.99),
    ):
        here = chosen == OPERATIONS.index(name)
        field[here] += most * strength[here]


def finish(images: Tensor, chosen: Tensor, strength: Tensor) -> Tensor:
    """The operations that cannot be folded, on their own images; `images` (n, 3, S, S) in 0-1 is changed in place."""
    names = [OPERATIONS[i] for i in chosen.tolist()]
    for row, name in enumerate(names):
        operation = _APART.get(name)
        if operation is not None:
            images[row] = operation(images[row], float(strength[row]))
    return images


def _sharpen(image: Tensor, strength: float) -> Tensor:
    """Away from (or, below 0, towards) a smoothed copy; Pillow's smoothing kernel."""
    kernel = torch.tensor([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]], device=image.device, dtype=image.dtype) / 13
    padded = F.pad(image[None], (1, 1, 1, 1), mode="replicate")[0]
    smooth = F.conv2d(padded[:, None], kernel[None, None])[:, 0]
    return (smooth + (1 + 0.99 * strength) * (image - smooth)).clamp_(0, 1)


def _posterize(image: Tensor, strength: float) -> Tensor:
    """Keep 8 to 2 bits of each value."""
    levels = 2 ** round(8 - 6 * abs(strength))
    return (image * 255).round().mul_(levels / 256).floor_().mul_(256 / levels / 255)


def _solarize(image: Tensor, strength: float) -> Tensor:
    """Turn values above a threshold into their negatives."""
    return torch.where(image >= 1 - abs(strength), 1 - image, image)


def _autocontrast(image: Tensor, _: float) -> Tensor:
    """Stretch each channel to 0-1."""
    low, high = image.amin(dim=(1, 2), keepdim=True), image.amax(dim=(1, 2), keepdim=True)
    return torch.where(high > low, (image - low) / (high - low).clamp_min(1e-6), image)


def _equalize(image: Tensor, _: float) -> Tensor:
    """Spread each channel's values evenly, by its own histogram of 256 steps."""
    steps = (image * 255).round().long().clamp_(0, 255).flatten(1)
    counts = torch.zeros(3, 256, device=image.device).scatter_add_(
        1, steps, torch.ones_like(steps, dtype=torch.float32)
    )
    below = counts.cumsum(1) - counts
    most = below.where(counts > 0, 0).amax(1, keepdim=True)  # of the brightest value that occurs, which becomes 1
    curve = torch.where(most > 0, below / most.clamp_min(1), torch.linspace(0, 1, 256, device=image.device))
    return curve.clamp(max=1).gather(1, steps).view(image.shape).to(image.dtype)


_APART: dict[str, Callable[[Tensor, float], Tensor]] = {
    "sharpness": _sharpen,
    "posterize": _posterize,
    "solarize": _solarize,
    "autocontrast": _autocontrast,
    "equalize": _equalize,
}
