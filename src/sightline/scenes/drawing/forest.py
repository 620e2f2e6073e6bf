"""Forests: among the trunks, from a clearing, and from above; in every season."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sightline.scenes.drawing import plants
from sightline.scenes.drawing.canvas import Colour, Floats, Sketch, axes, blend, fractal, mix, shaded, smoothstep
from sightline.scenes.drawing.light import Light, sky

_BARKS = ((0.30, 0.23, 0.17), (0.38, 0.32, 0.27), (0.24, 0.19, 0.16), (0.46, 0.30, 0.20), (0.80, 0.79, 0.74))
_FLOORS = ((0.42, 0.28, 0.15), (0.34, 0.36, 0.14), (0.28, 0.24, 0.17), (0.52, 0.38, 0.18), (0.24, 0.34, 0.15))
_SNOW = (0.90, 0.92, 0.97)


def draw(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A picture of a forest, and the height of its horizon."""
    season = str(rng.choice(["spring", "summer", "autumn", "needles", "winter"], p=[0.17, 0.28, 0.23, 0.17, 0.15]))
    kind = rng.choice(["within", "edge", "above", "up"], p=[0.58, 0.2, 0.14, 0.08])
    return {"within": _within, "edge": _edge, "above": _above, "up": _up}[str(kind)](rng, side, light, season)


def _leaf(rng: np.random.Generator, season: str) -> Floats:
    return plants.leaf(rng, "needles" if season == "winter" else season)


def _within(rng: np.random.Generator, side: int, light: Light, season: str) -> tuple[Floats, float]:
    """Among the trunks, which stand in rows further and further back."""
    horizon = float(rng.uniform(0.5, 0.7))
    x, y = axes(side)
    leafy = season != "winter"
    # Between the trunks one sees distant leaves with the sky behind them.
    leaf = _leaf(rng, season)
    air = mix(light.horizon, light.on(leaf, 0.9), rng.uniform(0.25, 0.7) if leafy else 0.15)
    image = np.empty((3, side, side), np.float32)
    image[:] = air[:, None, None]
    opening = rng.uniform(0.2, 0.8)
    bright = np.exp(-(((x - opening) / 0.3) ** 2) - ((y - horizon + 0.15) / 0.35) ** 2)
    mottled = plants.leaves(rng, side, rng.uniform(12, 26))
    blend(
        image,
        shaded(light.on(leaf * 0.9, 0.5), mottled),
        np.clip(0.85 - 0.6 * bright, 0, 1) * (1.0 if leafy else 0.4),
    )
    blend(image, np.minimum(light.horizon * 1.05, 1), 0.5 * bright)
    _floor(rng, image, light, season, horizon)

    bark = _BARKS[rng.integers(len(_BARKS))]
    layers = int(rng.integers(3, 6))
    grain = 0.65 + 0.7 * fractal(rng, side, (70, 12), 2)
    for i in range(layers):
        near = (i + rng.uniform(0.1, 0.6)) / layers
        sheet = Sketch(side)
        count = int(rng.integers(4, 9) * (1.5 - near))
        for _ in range(count):
            _trunk(rng, sheet, light, bark, near, horizon, air, dead=not leafy)
        sheet.onto(image, grain)
        if leafy and rng.random() < 0.75:
            _undergrowth(rng, image, light, season, near, horizon)
    if leafy:
        _canopy(rng, image, light, season)
    if light.hour in ("dawn", "morning", "noon", "dusk") and rng.random() < 0.3:
        _shafts(rng, image, light)
    return image, horizon


def _floor(rng: np.random.Generator, image: Floats, light: Light, season: str, horizon: float) -> None:
    side = image.shape[1]
    x, y = axes(side)
    earth: Colour = _SNOW if season == "winter" and rng.random() < 0.75 else _FLOORS[rng.integers(len(_FLOORS))]
    if season == "autumn" and rng.random() < 0.7:
        earth = plants.leaf(rng, "autumn") * 0.9
    litter = 0.55 + 0.9 * fractal(rng, side, (50, 70), 3, gain=0.8)
    patches = smoothstep(0.35, 0.7, fractal(rng, side, (4, 12), 3))
    ground = shaded(light.on(earth, 0.45), litter)
    blend(ground, shaded(light.on(np.asarray(earth) * 1.25, 1.0), litter), patches * 0.8)
    swell = horizon + 0.03 * (fractal(rng, (1, side), (4, 1), 3) - 0.5)
    if rng.random() < 0.55:
        # A path that winds to where it is lost among the trees.
        t = np.clip((y - horizon) / (1 - horizon), 0, 1)
        start, end, curl = rng.uniform(0.2, 0.8), rng.uniform(0.35, 0.65), rng.uniform(-0.25, 0.25)
        middle = end + (start - end) * t + curl * np.sin(t * 3.1) * (1 - t)
        width = 0.008 + rng.uniform(0.1, 0.22) * t**1.4
        path = smoothstep(1.15, 0.85, np.abs(x - middle) / width + (litter - 1) * 0.25)
        worn = mix(earth, (0.62, 0.54, 0.42), 0.6) if season != "winter" else mix(_SNOW, (0.6, 0.58, 0.6), 0.4)
        blend(ground, shaded(light.on(worn, 0.7), 0.7 + 0.3 * litter), path * 0.85)
    blend(image, ground, smoothstep(-0.006, 0.012, y - swell))


def _trunk(
    rng: np.random.Generator,
    sheet: Sketch,
    light: Light,
    bark: tuple[float, ...],
    near: float,
    horizon: float,
    air: Floats,
    dead: bool,
) -> None:
    foot = horizon + 0.01 + (1.08 - horizon) * near**1.6 * rng.uniform(0.75, 1.1)
    width = (0.012 + 0.10 * near**1.8) * rng.uniform(0.55, 1.35)
    x, lean = rng.uniform(-0.08, 1.08), rng.normal(0, 0.03)
    bend = rng.normal(0, 0.012)
    heights = np.linspace(foot, -0.1, 7)
    t = np.linspace(0, 1, 7)
    middle = x + lean * t + bend * np.sin(t * 5 + x * 9)
    half = width * (0.5 - 0.16 * t)
    half[0] *= 1.35
    haze = (1 - near) * 0.7

    def tone(facing: float, dim: float) -> Floats:
        return mix(light.on(np.asarray(bark) * dim, facing), air, haze)

    bands = np.linspace(-1, 1, 6)
    for a, b in pairwise(bands):
        facing = float(np.clip(0.45 + 0.45 * (a + b) / 2 * light.side, 0, 1))
        strip = np.concatenate(
            [np.column_stack([middle + half * a, heights]), np.column_stack([middle + half * b, heights])[::-1]]
        )
        sheet.polygon(strip, tone(facing, 0.55 + 0.55 * facing))
    if min(bark) > 0.6:
        # Birches carry dark dashes.
        for _ in range(int(rng.integers(8, 18))):
            k = rng.random()
            cx = float(np.interp(k, t, middle))
            cy, w = foot + (-0.1 - foot) * k, width * rng.uniform(0.1, 0.4)
            sheet.rectangle(
                cx - w * rng.random(), cy, cx + w * rng.random(), cy + width * 0.12, mix((0.1, 0.09, 0.08), air, haze)
            )
    for _ in range(int(rng.integers(0, 4)) + (3 if dead else 0)):
        k = rng.uniform(0.35, 0.95)
        cx, cy = float(np.interp(k, t, middle)), foot + (-0.1 - foot) * k
        reach, way = rng.uniform(0.05, 0.2) * (0.4 + near), rng.choice([-1.0, 1.0])
        points = [
            (cx, cy),
            (cx + way * reach * 0.5, cy - reach * 0.3),
            (cx + way * reach, cy - reach * rng.uniform(0.3, 0.9)),
        ]
        sheet.line(points, width * 0.16, tone(0.3, 0.8))
        if dead:
            sheet.line(
                [points[1], (points[1][0] + way * reach * 0.2, points[1][1] - reach * 0.4)], width * 0.1, tone(0.3, 0.8)
            )


def _undergrowth(
    rng: np.random.Generator, image: Floats, light: Light, season: str, near: float, horizon: float
) -> None:
    side = image.shape[1]
    sheet = Sketch(side)
    for _ in range(int(rng.integers(2, 9))):
        size = (0.02 + 0.1 * near) * rng.uniform(0.5, 1.4)
        y = horizon + (1.05 - horizon) * near**1.5 * rng.uniform(0.8, 1.15)
        plants.crown(
            rng,
            sheet,
            light,
            rng.random(),
            y - size * 0.3,
            size * 1.5,
            size * 0.8,
            mix(_leaf(rng, season), light.horizon, (1 - near) * 0.25),
            10,
        )
    sheet.onto(image, plants.leaves(rng, side, 60))


def _canopy(rng: np.random.Generator, image: Floats, light: Light, season: str) -> None:
    side = image.shape[1]
    _, y = axes(side)
    leaf = _leaf(rng, season)
    fine = fractal(rng, side, 40, 2, gain=0.8)
    clumps = fractal(rng, side, (5, 5), 3)
    depth = rng.uniform(0.15, 0.5)
    cover = smoothstep(0.45, 0.62, clumps * 0.75 + fine * 0.35 + 0.35 * (depth - y) / depth - 0.12)
    shade = np.clip(0.35 + 1.2 * (fine - 0.3) * (0.4 + clumps), 0.2, 1.5)
    blend(
        image,
        shaded(light.on(leaf, 0.6), shade),
        cover * smoothstep(depth * 1.6, depth * 0.8, y + np.zeros_like(clumps)),
    )


def _shafts(rng: np.random.Generator, image: Floats, light: Light) -> None:
    side = image.shape[1]
    sheet = Sketch(side)
    for _ in range(int(rng.integers(2, 6))):
        x, width, slant = rng.uniform(0, 1), rng.uniform(0.02, 0.07), 0.5 - light.sun_x
        sheet.polygon(
            [(x, -0.1), (x + width, -0.1), (x + width * 2.5 + slant * 0.6, 0.9), (x + slant * 0.6 - width, 0.9)],
            light.sun,
            0.35,
        )
    mask = sheet.mask(blur=0.02)
    image += shaded(light.sun, mask * 0.6)


def _edge(rng: np.random.Generator, side: int, light: Light, season: str) -> tuple[Floats, float]:
    """A wall of trees beyond a clearing."""
    horizon = float(rng.uniform(0.62, 0.82))
    image = sky(rng, side, light, horizon)
    x, y = axes(side)
    rows = int(rng.integers(3, 5))
    firs = season in ("needles", "winter") or rng.random() < 0.2
    snow = 0.8 if season == "winter" else 0.0
    top = rng.uniform(0.1, 0.3)
    for i in range(rows):
        t = i / (rows - 1)
        sheet = Sketch(side)
        base = horizon + 0.05 * t
        tall = (horizon - top) * (1.05 - 0.35 * t)
        colour_haze = (1 - t) * 0.45
        spots = np.linspace(-0.05, 1.05, int(rng.integers(9, 15))) + rng.normal(0, 0.03, 1)
        for place in spots:
            colour = mix(_leaf(rng, season), light.horizon, colour_haze * 0.7)
            px, height = float(place + rng.normal(0, 0.03)), tall * rng.uniform(0.7, 1.05)
            if firs:
                plants.fir(rng, sheet, light, px, base, height, colour, snow)
            else:
                plants.tree(rng, sheet, light, px, base, height, colour)
                plants.crown(rng, sheet, light, px, base - height * 0.15, height * 0.2, height * 0.2, colour * 0.8, 8)
        sheet.onto(image, plants.leaves(rng, side, 55))
    meadow: Colour = _SNOW if season == "winter" else mix(_FLOORS[rng.integers(len(_FLOORS))], (0.4, 0.5, 0.2), 0.5)
    grass = 0.6 + 0.8 * fractal(rng, side, (45, 35), 3)
    edge = horizon + 0.03 + 0.03 * (fractal(rng, (1, side), (5, 1), 3) - 0.5)
    blend(image, shaded(light.on(meadow, 0.6), grass), smoothstep(0, 0.015, y - edge + 0 * x))
    blend(image, light.on(meadow, 0) * 0.5, 0.5 * np.exp(-(((y - edge) / 0.03) ** 2)) * (y > edge))
    return image, horizon


def _above(rng: np.random.Generator, side: int, light: Light, season: str) -> tuple[Floats, float]:
    """Treetops from a hill or a drone."""
    firs = season in ("needles", "winter")
    horizon = float(rng.uniform(0.1, 0.35) if firs else rng.uniform(-0.1, 0.3))
    image = sky(rng, side, light, max(horizon, 0.02))
    _, y = axes(side)
    blend(image, light.on(_leaf(rng, season) * 0.4, 0.2), (y > horizon - 0.005).astype(np.float32))
    second = _leaf(rng, "needles" if rng.random() < 0.5 else season)
    river = rng.random() < 0.3
    bend, phase, slope = rng.uniform(0.05, 0.25), rng.uniform(0, 6.3), rng.uniform(-0.3, 0.3)
    sheet = Sketch(side)
    row = horizon
    while row < 1.12:
        depth = max(row - horizon, 0.0)
        size = 0.02 + (0.095 if firs else 0.07) * depth
        middle = 0.5 + slope * depth + bend * np.sin(depth * 5 + phase)
        for place in np.arange(-0.05 + rng.uniform(0, size), 1.05, size * 1.5):
            px = float(place + rng.normal(0, size * 0.4))
            if river and abs(px - middle) < 0.01 + 0.14 * depth:
                continue
            colour = mix(mix(_leaf(rng, season), second, rng.random() * 0.7), light.horizon, 0.5 * np.exp(-depth * 5))
            py = row + rng.normal(0, size * 0.2)
            if firs:
                frosted = mix(colour, _SNOW, 0.4) if season == "winter" else colour
                plants.fir(rng, sheet, light, px, py + size, size * 3.4, frosted, 0.15 if season == "winter" else 0.0)
            else:
                plants.crown(rng, sheet, light, px, py, size * 1.1, size, colour, 4 if size < 0.035 else 7)
        row += size * (1.7 if firs else 0.85)
    if river:
        x, depths = axes(side)[0], np.maximum(y - horizon, 0)
        middle_line = 0.5 + slope * depths + bend * np.sin(depths * 5 + phase)
        bank = smoothstep(1.3, 1.0, np.abs(x - middle_line) / (0.02 + 0.16 * depths)) * (y > horizon)
        blend(image, mix(light.zenith, light.horizon, 0.5) * 0.9, bank * 0.9)
    sheet.onto(image, plants.leaves(rng, side, 60))
    blend(image, light.horizon, np.clip(0.6 * np.exp(-np.abs(y - horizon) / 0.12), 0, 1))
    return image, max(horizon, 0.1)


def _up(rng: np.random.Generator, side: int, light: Light, season: str) -> tuple[Floats, float]:
    """Straight up: the trunks run together towards a patch of sky between the crowns."""
    image = sky(rng, side, light, 1.4)
    x, y = axes(side)
    cx, cy = rng.uniform(0.3, 0.7, 2)
    bark = np.asarray(_BARKS[rng.integers(len(_BARKS))])
    count = int(rng.integers(8, 17))
    sheet = Sketch(side)
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.normal(0, 0.18, count):
        way, across = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
        tip, width, bend = rng.uniform(0.08, 0.25), rng.uniform(0.05, 0.13), rng.normal(0, 0.03)
        reach = np.linspace(tip, 1.2, 6)
        middle = np.array((cx, cy)) + reach[:, None] * way + (bend * np.sin(reach * 4))[:, None] * across
        half = (0.004 + width * reach / 2)[:, None] * across
        for a, b, facing in ((-1.0, -0.3, 0.05), (-0.3, 0.3, 0.3), (0.3, 1.0, 0.6)):
            strip = np.concatenate([middle + a * half, (middle + b * half)[::-1]])
            sheet.polygon(strip, light.on(bark * (0.45 + 0.5 * facing), facing))
        for spot in middle[1:4]:
            twig = spot + rng.choice([-1, 1]) * across * rng.uniform(0.05, 0.16) - way * 0.05
            sheet.line([tuple(spot), tuple(twig)], 0.008, light.on(bark * 0.5, 0.2))
    sheet.onto(image, 0.65 + 0.7 * fractal(rng, side, 40, 2))
    wood = sheet.mask()
    if season != "winter" or rng.random() < 0.5:
        fine, clumps = fractal(rng, side, 38, 2, gain=0.8), fractal(rng, side, 6, 3)
        gap = np.exp(-((np.hypot(x - cx, y - cy) / rng.uniform(0.15, 0.4)) ** 2))
        cover = smoothstep(0.42, 0.56, clumps * 0.6 + fine * 0.4 + 0.06 - 0.35 * gap) * (1 - 0.8 * wood)
        leaf = _leaf(rng, season)
        blend(image, shaded(light.on(leaf, 0.6), np.clip(0.4 + 1.5 * (fine - 0.3) * (0.4 + clumps), 0.2, 1.5)), cover)
    return image, 0.9
