"""The sea: waves to the horizon, beaches with surf, cliffs and islands; sails, birds and the sun's glitter."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing import plants
from sightline.scenes.drawing.canvas import (
    Floats,
    Sketch,
    axes,
    blend,
    fractal,
    mix,
    resample,
    ridge,
    shaded,
    smoothstep,
)
from sightline.scenes.drawing.light import Light, sky
from sightline.scenes.drawing.passers import paint

_DEEPS = ((0.05, 0.20, 0.33), (0.07, 0.30, 0.38), (0.10, 0.24, 0.27), (0.16, 0.22, 0.26), (0.06, 0.36, 0.45))
_SANDS = ((0.83, 0.74, 0.57), (0.74, 0.62, 0.45), (0.52, 0.46, 0.40), (0.90, 0.86, 0.76), (0.30, 0.29, 0.30))
_FOAM = np.array((0.94, 0.96, 0.97), np.float32)


def draw(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A picture of the sea, and the height of its horizon."""
    horizon = float(rng.uniform(0.12, 0.62))
    image = sky(rng, side, light, horizon)
    if rng.random() < 0.5:
        _coast(rng, image, light, horizon)
    _water(rng, image, light, horizon)
    if rng.random() < 0.6:
        _boats(rng, image, light, horizon)
    if rng.random() < 0.3:
        _rocks(rng, image, light, horizon)
    if rng.random() < 0.55:
        _beach(rng, image, light, horizon)
    if rng.random() < 0.35:
        _birds(rng, image, light, horizon)
    return image, horizon


def _perspective(side: int, horizon: float) -> tuple[Floats, Floats, Floats]:
    """(distance, x, below): the plane of the water under each pixel, and whether the pixel is below the horizon."""
    x, y = axes(side)
    drop = np.maximum(y - horizon, 0.5 / side)
    distance = 0.12 / drop
    return distance + 0 * x, (x - 0.5) * distance, (y > horizon).astype(np.float32)


def _water(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    side = image.shape[1]
    x, y = axes(side)
    distance, across, below = _perspective(side, horizon)
    # Waves on the plane: crests lie across the view, so the pattern is stretched sideways.
    size = 256
    swell = fractal(rng, size, (14, 26), 4, gain=0.6)
    turn = rng.uniform(-0.25, 0.25)
    scale = rng.uniform(0.6, 1.2)
    rows = np.abs((np.log(distance) * 60 * scale + turn * across * 30 + 90) % (2 * size) - size)
    columns = np.abs((across / distance**0.45 * 150 * scale + size) % (2 * size) - size)
    waves = resample(swell, rows, columns) - 0.5
    far = np.clip(1 - (y - horizon) / (1 - horizon), 0, 1)
    storm = light.hour == "storm" or rng.random() < 0.2
    strength = rng.uniform(0.8, 1.3) if storm else rng.uniform(0.25, 0.7)

    deep = light.on(_DEEPS[rng.integers(len(_DEEPS))], 0.7)
    shallow = mix(deep, light.on((0.20, 0.58, 0.58), 0.8), rng.uniform(0, 0.7))
    mirror = mix(light.horizon, light.zenith, 0.4)
    water = np.repeat(shaded(deep, far) + shaded(shallow, 1 - far), side, axis=2)
    shine = np.clip(rng.uniform(0.15, 0.5) + 0.35 * far**3 + waves * strength * 1.1, 0, 1)
    blend(water, mirror, shine * 0.8)
    water += waves * (strength * 0.28 * light.level)
    caps = smoothstep(0.30, 0.42, waves * (0.6 + 0.5 * strength)) * (0.8 if storm else 0.35 * (rng.random() < 0.6))
    blend(water, light.on(_FOAM, 0.8), caps * (1 - far**2))
    if light.hour in ("dawn", "dusk", "morning", "night") and rng.random() < 0.8:
        spread = 0.03 + 0.16 * np.abs(y - horizon)
        path = np.exp(-(((x - np.clip(light.sun_x, 0.05, 0.95)) / spread) ** 2))
        glitter = smoothstep(-0.02, 0.14, waves * (0.5 + strength) - 0.05 + 0.12 * far)
        blend(water, np.minimum(mix(light.sun, light.horizon, 0.3) * 1.1, 1), np.clip(path * glitter, 0, 1) * 0.9)
    blend(image, water, below)
    blend(image, light.horizon, 0.35 * np.exp(-np.abs(y - horizon) / 0.006) * rng.random())


def _coast(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    """Islands and headlands on the horizon, before the water is painted."""
    side = image.shape[1]
    x, y = axes(side)
    for _ in range(int(rng.integers(1, 3))):
        left = rng.random() < 0.5
        wide, tall = rng.uniform(0.15, 0.6), rng.uniform(0.02, 0.22)
        start = rng.uniform(-0.2, 0.3)
        t = np.clip((x - start) / wide if left else (1 - start - x) / wide, 0, 1)
        shape = smoothstep(1, rng.uniform(0.2, 0.8), t) * smoothstep(-0.01, 0.25 if start > 0 else 0.0, t)
        top = horizon - tall * (0.35 + 0.65 * ridge(rng, side, 0.55)) * shape[0]
        texture = fractal(rng, side, (20, 14), 4)
        rock = mix(rng.uniform(0.3, 0.6) * np.array((1.0, 0.92, 0.85)), plants.leaf(rng), rng.uniform(0, 0.8))
        surface = shaded(light.on(rock, 0.6), 0.55 + 0.9 * texture)
        blend(image, mix(surface, light.horizon, rng.uniform(0.1, 0.7)), (y > top[None, :]).astype(np.float32))


def _boats(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    sheet = Sketch(image.shape[1])
    for _ in range(int(rng.integers(1, 5))):
        t = rng.random() ** 2
        y, size = horizon + 0.004 + 0.25 * t, (0.02 + 0.17 * t) * rng.uniform(0.7, 1.2)
        x = rng.uniform(0.05, 0.95)
        kind = rng.choice(["sail", "ship", "boat"], p=[0.6, 0.2, 0.2])
        hull = light.on(paint(rng), 0.5)
        if kind == "sail":
            sheet.polygon(
                [
                    (x - size * 0.3, y - size * 0.1),
                    (x + size * 0.35, y - size * 0.1),
                    (x + size * 0.22, y + size * 0.05),
                    (x - size * 0.25, y + size * 0.05),
                ],
                hull,
            )
            white = (0.95, 0.94, 0.9) if rng.random() < 0.7 else paint(rng)
            sheet.polygon(
                [(x, y - size * 1.1), (x + size * 0.32, y - size * 0.17), (x, y - size * 0.17)], light.on(white, 0.9)
            )
            sheet.polygon(
                [
                    (x - size * 0.03, y - size * 0.95),
                    (x - size * 0.28, y - size * 0.17),
                    (x - size * 0.03, y - size * 0.17),
                ],
                light.on(white, 0.5),
            )
        elif kind == "ship":
            sheet.polygon(
                [
                    (x - size, y - size * 0.22),
                    (x + size * 1.1, y - size * 0.22),
                    (x + size * 0.9, y),
                    (x - size * 0.95, y),
                ],
                hull,
            )
            sheet.rectangle(
                x - size * 0.8, y - size * 0.5, x - size * 0.4, y - size * 0.2, light.on((0.9, 0.9, 0.88), 0.7)
            )
            for i in range(3):
                sheet.rectangle(
                    x - size * 0.3 + i * size * 0.38,
                    y - size * 0.38,
                    x + i * size * 0.38,
                    y - size * 0.2,
                    light.on(paint(rng)),
                )
        else:
            sheet.polygon(
                [
                    (x - size * 0.5, y - size * 0.14),
                    (x + size * 0.55, y - size * 0.16),
                    (x + size * 0.4, y + size * 0.03),
                    (x - size * 0.42, y + size * 0.03),
                ],
                hull,
            )
            sheet.rectangle(
                x - size * 0.2, y - size * 0.3, x + size * 0.1, y - size * 0.13, light.on((0.9, 0.9, 0.9), 0.6)
            )
        sheet.ellipse(x, y + size * 0.07, size * 0.45, size * 0.05, light.on(_FOAM, 0.3), 0.35)
    sheet.onto(image)


def _rocks(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    sheet = Sketch(image.shape[1])
    colour = np.array((0.33, 0.30, 0.28)) * rng.uniform(0.6, 1.2)
    for y in np.sort(rng.uniform(horizon + 0.05, 1.0, int(rng.integers(2, 14)))):
        size = rng.uniform(0.15, 0.5) * (y - horizon) * 0.6 + 0.005
        x = rng.random()
        sheet.ellipse(x, y + size * 0.35, size * 1.4, size * 0.35, light.on(_FOAM, 0.5), 0.7)
        plants.boulder(rng, sheet, light, x, float(y), size, colour)
    sheet.onto(image, 0.7 + 0.6 * fractal(rng, image.shape[1], 30, 3))


def _beach(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    """Sand in front, with the last waves running up it."""
    side = image.shape[1]
    x, y = axes(side)
    start = max(rng.uniform(0.5, 0.98), horizon + 0.12)
    tilt, bow = rng.uniform(-0.45, 0.45), rng.uniform(-0.15, 0.15)
    line = start + tilt * (x - 0.5) + bow * np.sin(x * 3.1) + 0.04 * (fractal(rng, (1, side), (5, 1), 3) - 0.5)
    line = np.maximum(line, horizon + 0.02)
    sand = np.asarray(_SANDS[rng.integers(len(_SANDS))])
    grain = 0.85 + 0.3 * fractal(rng, side, (40, 60), 3, gain=0.8)
    wet = smoothstep(0.10, 0.02, y - line)
    surface = shaded(light.on(sand, 0.8), grain)
    blend(surface, mix(light.on(sand * 0.6, 0.4), light.horizon, 0.3), wet * 0.75)
    blend(image, surface, smoothstep(-0.002, 0.004, y - line))
    for i in range(int(rng.integers(2, 5))):
        # Breakers, closer together towards the horizon.
        wobble = 0.05 * (fractal(rng, (1, side), (6, 1), 4) - 0.5)
        crest = line - (0.085 * i - 0.01) * (line - horizon) * 2 + wobble * (0.9**i)
        crest = np.maximum(crest, horizon + 0.01)
        thick = (0.03 - 0.004 * i) * rng.uniform(0.5, 1.2)
        lace = fractal(rng, side, (45, 60), 2)
        foam = smoothstep(1.0, 0.3, np.abs(y - crest) / thick + (lace - 0.5) * 1.6)
        blend(image, light.on(_FOAM, 0.75), foam * 0.9)
        blend(
            image,
            light.on((0.05, 0.2, 0.25), 0.3),
            0.25 * smoothstep(0.03, 0.0, np.abs(crest - thick - 0.012 - y)) * (i > 0),
        )
    if rng.random() < 0.5:
        _visitors(rng, image, light, line[0], side)


def _visitors(rng: np.random.Generator, image: Floats, light: Light, line: Floats, side: int) -> None:
    """People, parasols and palms on the sand."""
    sheet = Sketch(side)
    for _ in range(int(rng.integers(1, 6))):
        x = rng.random()
        y = float(line[int(x * side)] + rng.uniform(0.04, 0.16))
        if rng.random() < 0.5:
            colour = light.on(paint(rng), 0.8)
            sheet.line([(x, y), (x, y - 0.08)], 0.006, light.on((0.4, 0.3, 0.2)))
            sheet.polygon(
                [(x - 0.06, y - 0.06), (x - 0.03, y - 0.09), (x, y - 0.1), (x + 0.03, y - 0.09), (x + 0.06, y - 0.06)],
                colour,
            )
        else:
            sheet.ellipse(x, y - 0.045, 0.006, 0.007, light.on((0.5, 0.36, 0.28)))
            sheet.rectangle(x - 0.008, y - 0.038, x + 0.008, y - 0.015, light.on(paint(rng)))
            sheet.rectangle(x - 0.006, y - 0.016, x + 0.006, y, light.on((0.45, 0.33, 0.26)))
    if rng.random() < 0.35:
        x, lean = rng.choice([0.08, 0.92]), rng.uniform(-0.1, 0.1)
        t = np.linspace(0, 1, 6)
        stem = np.column_stack([x + lean * t**2, 1.0 - 0.75 * t])
        sheet.line(stem, 0.02, light.on((0.36, 0.28, 0.2), 0.3))
        for angle in rng.uniform(0, 2 * np.pi, 10):
            reach = rng.uniform(0.14, 0.24)
            tip = stem[-1] + (np.cos(angle) * reach, abs(np.sin(angle)) * 0.08 + 0.06)
            middle = stem[-1] + (np.cos(angle) * reach * 0.55, -0.05)
            sheet.line(
                [tuple(stem[-1]), tuple(middle), tuple(tip)], 0.016, light.on(plants.leaf(rng, "summer"), rng.random())
            )
    sheet.onto(image)


def _birds(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    sheet = Sketch(image.shape[1])
    for _ in range(int(rng.integers(2, 9))):
        x, y, size = rng.random(), rng.uniform(0.05, horizon), rng.uniform(0.012, 0.03)
        dip = size * rng.uniform(0.2, 0.6)
        sheet.line(
            [
                (x - size, y - dip),
                (x - size * 0.4, y - dip * 1.2),
                (x, y),
                (x + size * 0.4, y - dip * 1.2),
                (x + size, y - dip),
            ],
            0.005,
            light.ambient * 0.5,
        )
    sheet.onto(image)
