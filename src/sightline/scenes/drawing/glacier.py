"""Glaciers: a tongue of ice down a valley, an ice front over water, a field of crevasses, icebergs in a lagoon."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing import plants, ranges, terrain
from sightline.scenes.drawing.canvas import Floats, Sketch, axes, blend, fractal, mix, ridge, shaded, smoothstep
from sightline.scenes.drawing.light import Light, sky
from sightline.scenes.drawing.water import lake

_BLUE = np.array((0.40, 0.66, 0.82), np.float32)
_WHITE = np.array((0.90, 0.94, 0.97), np.float32)
_DIRT = np.array((0.36, 0.33, 0.31), np.float32)
_ROCKS = ((0.38, 0.36, 0.35), (0.32, 0.33, 0.37), (0.45, 0.38, 0.32), (0.27, 0.26, 0.27))


def draw(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A picture of a glacier, and the height of its horizon."""
    kind = rng.choice(["tongue", "front", "field"], p=[0.45, 0.35, 0.2])
    if kind == "front":
        return _front(rng, side, light)
    return _tongue(rng, side, light, field=kind == "field")


def _tongue(rng: np.random.Generator, side: int, light: Light, field: bool) -> tuple[Floats, float]:
    """The ice that comes down a valley, or fills it from side to side; now and then seen from high above."""
    high_up = not field and rng.random() < 0.3
    horizon = float(rng.uniform(0.0, 0.2) if high_up else rng.uniform(0.34, 0.5))
    image = sky(rng, side, light, max(horizon, 0.05))
    x, z = terrain.places()
    bend, phase = rng.uniform(-0.5, 0.5), rng.uniform(0, 6.3)
    middle = bend * (np.sin(z * 1.4 + phase) - np.sin(phase + 0.4))
    wide = rng.uniform(1.1, 1.8) if field else rng.uniform(0.30, 0.5) + 0.22 * z * rng.uniform(0.5, 1.2)
    across = (x - middle) / wide
    warped = across + 0.25 * (fractal(rng, terrain.CELLS, 6, 3) - 0.5)
    ice = smoothstep(1.04, 0.94, np.abs(warped))

    crests = terrain.ridged(rng, rng.uniform(4, 6)) * rng.uniform(0.5, 0.9)
    walls = np.clip(np.abs(warped) - 1, 0, 2)
    high = np.minimum(walls * rng.uniform(0.8, 1.5), 0.55) + crests * smoothstep(0.0, 0.7, walls)
    slope = rng.uniform(0.03, 0.14)
    back = smoothstep(rng.uniform(1.9, 2.6), 3.9, z)
    bed = slope * z + back * (0.25 + crests * 0.9)

    # Crevasses run across the flow, bent down the valley at its middle; icefalls have more of them.
    along = z * rng.uniform(11, 20) - 3.0 * across**2 + 2.5 * (fractal(rng, terrain.CELLS, (8, 5), 3) - 0.5)
    gaps = np.abs(np.sin(along * 2.2))
    broken = smoothstep(0.35, 0.6, fractal(rng, terrain.CELLS, 4, 2)) if not field else np.float32(1)
    crevasse = smoothstep(rng.uniform(0.3, 0.5), 0.1, gaps) * broken * ice
    rough = fractal(rng, terrain.CELLS, 26, 3)
    height = bed + high * (1 - ice) - 0.035 * crevasse * (1 - back) + 0.03 * (rough - 0.5)

    # Moraines: stripes of rubble carried along the flow.
    lines = np.sin(warped * rng.uniform(3, 8) + rng.uniform(0, 6.3))
    moraine = smoothstep(rng.uniform(0.8, 0.97), 1.0, lines) * rng.uniform(0.4, 1) * ice
    moraine = np.maximum(moraine, smoothstep(0.82, 0.98, np.abs(warped)) * ice * rng.uniform(0.5, 1))
    moraine = moraine * smoothstep(0.3, 0.6, rough + 0.15) * (0.0 if field and rng.random() < 0.6 else 1.0)

    rock = np.asarray(_ROCKS[rng.integers(len(_ROCKS))], np.float32)
    colour = shaded(rock, 0.65 + 0.7 * rough)
    steep = terrain.steepness(height)
    snow = smoothstep(0.5, 0.75, height + (rough - 0.5) * 0.7 - steep * 0.12 + rng.uniform(-0.1, 0.35))
    blend(colour, _WHITE, snow * 0.95)
    if rng.random() < 0.25:
        blend(colour, plants.leaf(rng), smoothstep(0.45, 0.3, height + rough * 0.3) * (1 - ice) * 0.8)
    surface = shaded(mix(_WHITE, _BLUE, 0.12 + 0.2 * rng.random()), 0.88 + 0.24 * rough)
    if rng.random() < 0.3:
        # Late in summer dust and rubble cover much of the ice.
        blend(surface, _DIRT, rng.uniform(0.3, 0.75) * smoothstep(0.25, 0.6, fractal(rng, terrain.CELLS, (12, 5), 4)))
    blend(surface, _BLUE * rng.uniform(0.55, 0.9), crevasse * 0.95)
    blend(surface, shaded(_DIRT, 0.6 + 0.8 * rough), moraine)
    blend(colour, surface, ice)

    eye = rng.uniform(0.7, 1.1) if high_up else rng.uniform(0.3, 0.6)
    view = terrain.View(eye=float(eye), horizon=horizon, zoom=float(rng.uniform(0.7, 1.05)))
    ground = terrain.look(height, view, side)
    facing = terrain.sunlight(height, light)
    picture = terrain.haze(ground.of(terrain.lit(colour, facing, light)), ground, light, rng.uniform(0.05, 0.3))
    blend(image, picture, ground.land)
    if rng.random() < 0.25:
        lake(rng, image, light, float(rng.uniform(0.8, 0.9)), (0.35, 0.5, 0.5))
    elif rng.random() < 0.4:
        _stones(rng, image, light)
    return image, horizon


def _stones(rng: np.random.Generator, image: Floats, light: Light) -> None:
    sheet = Sketch(image.shape[1])
    for y in np.sort(rng.uniform(0.86, 1.04, int(rng.integers(10, 60)))):
        plants.boulder(rng, sheet, light, rng.random(), float(y), rng.uniform(0.01, 0.05) * (y - 0.6) * 3, _DIRT)
    sheet.onto(image)


def _front(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """The end of a glacier: a wall of ice above the water it calves into."""
    shore = float(rng.uniform(0.55, 0.78))
    image = sky(rng, side, light, shore - 0.2)
    _, y = axes(side)
    # The mountains behind it.
    rock = np.asarray(_ROCKS[rng.integers(len(_ROCKS))], np.float32)
    for i in range(int(rng.integers(1, 3))):
        top = ranges.skyline(rng, side, shore - rng.uniform(0.28, 0.4) + 0.12 * i, rng.uniform(0.15, 0.3))
        ranges.chain(rng, image, light, top, rock, rng.uniform(0, 0.3), rng.uniform(0.1, 0.5), 1.0 + 0.5 * i)

    # The wall: columns of ice, each a plane of its own, split by blue cracks.
    tall = rng.uniform(0.14, 0.3)
    crest = 0.7 * ridge(rng, side, 0.5) + 0.3 * ridge(rng, side, 0.75)
    top = shore - tall * (0.65 + 0.5 * crest)
    bow = fractal(rng, side, (6, 3), 3) - 0.5
    strips = fractal(rng, side, (22, 4), 3, gain=0.7)
    cracks = np.abs(fractal(rng, side, (16, 3), 4, gain=0.7) - 0.5 + bow * 0.2)
    ice = shaded(mix(_WHITE, _BLUE, rng.uniform(0.2, 0.45)), 0.72 + 0.55 * strips)
    blend(ice, _BLUE * rng.uniform(0.6, 0.95), smoothstep(0.07, 0.0, cracks) * 0.9)
    if rng.random() < 0.5:
        blend(ice, _DIRT, smoothstep(0.6, 0.75, fractal(rng, side, (8, 10), 4)) * 0.7)
    level = np.clip((y - top[None, :]) / tall, 0, 1)
    facing = np.clip(0.35 + 1.6 * np.gradient(strips, axis=1) * side / 22 * light.side, 0, 1)
    ice *= light.over(facing, 0.9, 0.65) * (1.05 - 0.3 * level)
    # Above the wall the ice goes on, up to its névé.
    if rng.random() < 0.75:
        rise = top - rng.uniform(0.05, 0.16) * (0.4 + ridge(rng, side))
        back = shaded(mix(_WHITE, light.horizon, 0.25), 0.75 + 0.45 * fractal(rng, side, (14, 40), 3))
        gaps = smoothstep(0.6, 0.75, fractal(rng, side, (12, 50), 2))
        blend(back, _BLUE, gaps * 0.6)
        blend(
            image, back * (light.ambient + 0.4 * light.sun)[:, None, None], smoothstep(-0.003, 0.003, y - rise[None, :])
        )
    blend(image, ice, smoothstep(-0.002, 0.002, y - top[None, :]))
    lake(rng, image, light, shore, tuple(mix((0.22, 0.40, 0.46), (0.40, 0.46, 0.45), rng.random())))
    _bergs(rng, image, light, shore)
    return image, shore


def _bergs(rng: np.random.Generator, image: Floats, light: Light, shore: float) -> None:
    """Pieces of ice that float in front."""
    side = image.shape[1]
    sheet = Sketch(side)
    for t in np.sort(rng.random(int(rng.integers(3, 40))) ** 1.3):
        y = shore + 0.015 + (0.98 - shore) * t
        size = (0.01 + 0.10 * t) * rng.uniform(0.3, 1.0)
        x = rng.uniform(-0.05, 1.05)
        points = [(x - size, y)]
        for i in range(5):
            points.append((x + size * (-0.8 + 0.4 * i), y - size * rng.uniform(0.2, 0.8)))
        points.append((x + size, y))
        ice = mix(_WHITE, _BLUE, rng.uniform(0, 0.5))
        sheet.polygon([*points, (x, y + size * 0.15)], light.on(ice * 0.85, 0.3))
        lit = [(px * 0.8 + (x + light.side * size * 0.25) * 0.2, py) for px, py in points[1:-1]]
        sheet.polygon([*lit, (x + light.side * size * 0.5, y - size * 0.1)], light.on(ice, 0.9))
        sheet.polygon(
            [(x - size, y), (x + size, y), (x + size * 0.7, y + size * 0.3), (x - size * 0.7, y + size * 0.3)],
            light.on(_BLUE, 0.2),
            0.5,
        )
    sheet.onto(image, 0.85 + 0.3 * fractal(rng, side, 40, 2))
