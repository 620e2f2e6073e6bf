"""Mountains: rock and snow above meadows, woods or a lake; chains in the haze; dry ranges and volcanoes."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing import plants, ranges, terrain
from sightline.scenes.drawing.canvas import Floats, Sketch, axes, blend, fractal, mix, ridge, shaded, smoothstep
from sightline.scenes.drawing.light import Light, sky
from sightline.scenes.drawing.water import lake

_ROCKS = ((0.42, 0.40, 0.40), (0.36, 0.37, 0.42), (0.52, 0.45, 0.38), (0.55, 0.38, 0.29), (0.33, 0.31, 0.30))
_MEADOWS = ((0.30, 0.42, 0.16), (0.45, 0.47, 0.20), (0.62, 0.52, 0.26), (0.50, 0.36, 0.18), (0.38, 0.36, 0.28))


def draw(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A picture of mountains, and the height of its horizon."""
    kind = rng.choice(["range", "chains", "peak"], p=[0.58, 0.2, 0.22])
    return _chains(rng, side, light) if kind == "chains" else _range(rng, side, light, peak=kind == "peak")


def _range(rng: np.random.Generator, side: int, light: Light, peak: bool) -> tuple[Floats, float]:
    horizon = float(rng.uniform(0.5, 0.72))
    image = sky(rng, side, light, horizon)
    x, z = terrain.places()
    high = rng.uniform(0.75, 1.25)
    start = rng.uniform(0.7, 1.5)
    rise = smoothstep(start, start + rng.uniform(0.8, 1.3), z + 0.25 * (fractal(rng, terrain.CELLS, 4, 2) - 0.5))
    height = terrain.ridged(rng, rng.uniform(3.5, 6)) * rise * high * 0.9
    if peak:
        middle, far, wide = rng.uniform(-0.5, 0.5), rng.uniform(2.0, 2.8), rng.uniform(0.6, 1.0)
        away = np.hypot(x - middle, z - far)
        height = height * 0.55 + np.maximum(1 - away / wide, 0) ** rng.uniform(0.9, 1.4) * rng.uniform(0.8, 1.3)
    height = height + 0.10 * fractal(rng, terrain.CELLS, 10, 4) * (0.15 + rise)
    view = terrain.View(eye=float(rng.uniform(0.14, 0.3)), horizon=horizon, zoom=float(rng.uniform(0.8, 1.15)))
    ground = terrain.look(height, view, side)

    facing = terrain.sunlight(height, light, relief=1.0)
    steep = terrain.steepness(height)
    noise = fractal(rng, terrain.CELLS, 16, 4)
    rock = np.asarray(_ROCKS[rng.integers(len(_ROCKS))]) * rng.uniform(0.85, 1.15)
    meadow = np.asarray(_MEADOWS[rng.integers(len(_MEADOWS))])
    colour = shaded(rock, 0.7 + 0.6 * noise)
    woods = np.asarray(plants.leaf(rng)) * 0.8
    green = smoothstep(0.42, 0.22, height / high + (noise - 0.5) * 0.3) * smoothstep(1.3, 0.7, steep)
    blend(colour, shaded(meadow, 0.75 + 0.5 * noise), green)
    if rng.random() < 0.7:
        patch = smoothstep(0.48, 0.56, fractal(rng, terrain.CELLS, 5, 5)) * smoothstep(0.5, 0.35, height / high)
        blend(colour, shaded(woods, 0.5 + noise), patch)
    if rng.random() < 0.8:
        line = rng.uniform(0.15, 0.75)
        snow = smoothstep(line - 0.08, line + 0.08, height / high + (noise - 0.5) * 0.5 - (steep - 1) * 0.14)
        blend(colour, (0.93, 0.95, 1.0), snow * 0.95)
    picture = terrain.haze(ground.of(terrain.lit(colour, facing, light)), ground, light, rng.uniform(0.06, 0.35))
    picture *= 0.9 + 0.2 * fractal(rng, side, 40, 2)
    blend(image, picture, ground.land)
    _foreground(rng, image, light)
    return image, horizon


def _foreground(rng: np.random.Generator, image: Floats, light: Light) -> None:
    side = image.shape[1]
    kind = rng.choice(["lake", "firs", "meadow", "snow", "nothing"], p=[0.22, 0.25, 0.25, 0.1, 0.18])
    if kind == "lake":
        lake(rng, image, light, float(rng.uniform(0.68, 0.82)))
    elif kind == "firs":
        plants.firs(
            rng, image, light, base=float(rng.uniform(0.9, 1.05)), height=float(rng.uniform(0.15, 0.32)), count=14
        )
    elif kind == "snow":
        x, y = axes(side)
        edge = rng.uniform(0.62, 0.85) + 0.12 * (ridge(rng, side, 0.4) - 0.5)[None, :]
        drift = fractal(rng, side, (5, 14), 4)
        facing = np.clip(0.6 + light.side * 3 * (drift - np.roll(drift, -side // 48, axis=1)), 0, 1)
        snow = shaded((0.90, 0.93, 0.98), 0.9 + 0.2 * drift) * light.over(facing, 0.85, 0.7)
        blend(image, snow, smoothstep(0.0, 0.01, y - edge + 0 * x))
        if rng.random() < 0.6:
            plants.firs(
                rng, image, light, base=float(rng.uniform(0.85, 1.0)), height=float(rng.uniform(0.12, 0.3)), count=9
            )
    elif kind == "meadow":
        x, y = axes(side)
        edge = rng.uniform(0.76, 0.88) + 0.05 * (ridge(rng, side) - 0.5)[None, :]
        grass = fractal(rng, side, (60, 25), 3)
        meadow = light.on(_MEADOWS[rng.integers(len(_MEADOWS))], 0.7)
        blend(image, shaded(meadow, 0.55 + 0.9 * grass), smoothstep(0.0, 0.01, y - edge + 0 * x))
        dots = Sketch(side)
        for _ in range(int(rng.integers(0, 60))):
            py = rng.uniform(0.84, 1.0)
            dots.ellipse(
                rng.random(), py, 0.012 * (py - 0.7), 0.012 * (py - 0.7) + 0.002, light.on(rng.uniform(0.4, 1, 3))
            )
        for _ in range(int(rng.integers(0, 5))):
            plants.boulder(rng, dots, light, rng.random(), rng.uniform(0.86, 1.0), rng.uniform(0.02, 0.07))
        dots.onto(image)


def _chains(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """Ridge behind ridge, each paler than the one before it."""
    first = float(rng.uniform(0.3, 0.5))
    image = sky(rng, side, light, first + 0.1)
    layers = int(rng.integers(3, 7))
    rock = mix(_ROCKS[rng.integers(len(_ROCKS))], plants.leaf(rng), rng.uniform(0, 0.8))
    snow = rng.uniform(0.05, 0.2) if rng.random() < 0.5 else 0.0
    clear = rng.uniform(0.45, 0.75)
    for i in range(layers):
        t = i / (layers - 1)
        top = ranges.skyline(rng, side, first + (1.0 - first) * t * 0.75, 0.34 - 0.14 * t)
        ranges.chain(rng, image, light, top, rock, snow * (1 - t) ** 2, float((1 - t) ** 1.3 * clear), 1 + t)
    if rng.random() < 0.5:
        plants.firs(rng, image, light, base=1.04, height=float(rng.uniform(0.15, 0.3)), count=10)
    return image, first + 0.2
