"""Still water: a lake that mirrors what stands behind it."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing.canvas import Floats, axes, blend, fractal, mix, resample
from sightline.scenes.drawing.light import Light


def lake(
    rng: np.random.Generator, image: Floats, light: Light, shore: float, colour: tuple[float, ...] | None = None
) -> None:
    """Fill the picture below `shore` (0 top, 1 bottom) with water, in place."""
    side = image.shape[1]
    x, y = axes(side)
    depth = np.maximum(y - shore, 0)
    ripples = fractal(rng, side, (10, 60), 3) - 0.5
    rough = rng.uniform(0.1, 0.5)
    rows = (2 * shore - y - depth * 0.1) * side + ripples * rough * 0.25 * (0.15 + depth) * side
    columns = x * side + ripples * rough * 0.05 * side
    mirrored = resample(image, rows, columns)
    tint = light.on(colour or mix((0.10, 0.22, 0.30), (0.16, 0.33, 0.33), rng.random()), 0.4)
    water = mix(mirrored, tint, rng.uniform(0.2, 0.5)) + ripples * 0.1
    edge = shore + 0.012 * (fractal(rng, (1, side), (5, 1), 3) - 0.5)
    blend(image, water, (y > edge).astype(np.float32))
    blend(image, light.horizon, 0.25 * np.exp(-np.abs(y - edge) / 0.004))
