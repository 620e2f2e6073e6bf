"""A chain of mountains as a backdrop: one skyline, lit relief below it, snow, and air in front."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing.canvas import Colour, Floats, axes, blend, fractal, mix, ridge, shaded, smoothstep
from sightline.scenes.drawing.light import Light


def skyline(rng: np.random.Generator, side: int, level: float, rise: float) -> Floats:
    """The height of a mountain skyline at each column, (side,); `rise` is how much it goes up and down."""
    return np.float32(level) - np.float32(rise) * (ridge(rng, side, rng.uniform(0.46, 0.56)) - np.float32(0.35))


def chain(
    rng: np.random.Generator,
    image: Floats,
    light: Light,
    top: Floats,
    rock: Colour,
    snow: float,
    air: float,
    fine: float = 1,
) -> None:
    """Fill the picture below the skyline `top` with a mountain side, in place.

    Args:
        snow: how far down from the crest it lies, as a fraction of the side; 0 is none.
        air: 0 clear to 1 wholly lost in haze.
        fine: larger for nearer chains, whose gullies look bigger.
    """
    side = image.shape[1]
    _, y = axes(side)
    below = y - top[None, :]
    # Gullies run down from the crest: the relief leans with the slope of the skyline above it.
    relief = fractal(rng, side, (9 / fine, 6 / fine), 5, gain=0.6)
    step = max(1, side // 48)
    slope = np.gradient(np.convolve(np.pad(top, 6, mode="edge"), np.full(13, 1 / 13), mode="valid")) * side
    lean = slope[None, :] * np.exp(-np.maximum(below, 0) / 0.12)
    facing = 0.42 + light.side * (2.2 * (relief - np.roll(relief, -step, axis=1)) + 0.3 * lean)
    surface = shaded(rock, 0.7 + 0.6 * relief)
    if snow:
        blend(surface, (0.93, 0.95, 1.0), 0.95 * smoothstep(snow * 1.4, snow * 0.6, below + (relief - 0.5) * 0.4))
    surface *= light.over(np.clip(facing, 0.03, 1.1), 0.85, 0.8)
    surface = mix(surface, light.horizon, air)
    # Mist lies in the valleys.
    blend(surface, light.horizon, np.clip(below * air * 2, 0, 0.6))
    blend(image, surface, smoothstep(-0.003, 0.003, below))
