"""What stands and moves about towns: cars, people, lamps; and the colours people give to things."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing.canvas import Floats, Sketch, mix
from sightline.scenes.drawing.light import Light


def paint(rng: np.random.Generator) -> Floats:
    """A colour that people give to things: cars, doors, coats, signs. Mostly subdued, now and then bright."""
    gray = rng.uniform(0.06, 0.9)
    hue = np.clip(np.abs((rng.random() * 6 + np.array((0.0, 4.0, 2.0))) % 6 - 3) - 1, 0, 1)
    return mix(np.full(3, gray), hue * rng.uniform(0.35, 0.9), rng.choice([0.08, 0.4, 0.75]))


def car(rng: np.random.Generator, sheet: Sketch, light: Light, x: float, y: float, size: float, ahead: bool) -> None:
    """A car seen from behind (`ahead`: it drives away) or in front; (x, y) is the road under it, `size` its width."""
    lacquer = light.on(paint(rng), 0.6)
    half, tall = size / 2, size * rng.uniform(0.72, 0.85)
    sheet.ellipse(x, y, half * 1.15, size * 0.07, (0.03, 0.03, 0.04), 0.55)
    for way in (-1, 1):
        sheet.rectangle(x + way * half * 0.92, y, x + way * half * 0.6, y - tall * 0.28, (0.05, 0.05, 0.05))
    sheet.polygon(
        [
            (x - half, y - tall * 0.12),
            (x - half, y - tall * 0.5),
            (x - half * 0.75, y - tall * 0.58),
            (x + half * 0.75, y - tall * 0.58),
            (x + half, y - tall * 0.5),
            (x + half, y - tall * 0.12),
        ],
        lacquer,
    )
    sheet.polygon(
        [
            (x - half * 0.8, y - tall * 0.55),
            (x - half * 0.58, y - tall),
            (x + half * 0.58, y - tall),
            (x + half * 0.8, y - tall * 0.55),
        ],
        lacquer * 0.92,
    )
    window = mix(light.on((0.12, 0.14, 0.17)), light.horizon, 0.25)
    sheet.polygon(
        [
            (x - half * 0.66, y - tall * 0.58),
            (x - half * 0.5, y - tall * 0.93),
            (x + half * 0.5, y - tall * 0.93),
            (x + half * 0.66, y - tall * 0.58),
        ],
        window,
    )
    shine = (0.85, 0.10, 0.08) if ahead else (1.0, 0.97, 0.85)
    lamps = np.asarray(shine) * (1.0 if light.lamps else 0.75)
    for way in (-1, 1):
        sheet.rectangle(x + way * half * 0.95, y - tall * 0.48, x + way * half * 0.62, y - tall * 0.36, lamps)
    sheet.rectangle(x - half * 0.25, y - tall * 0.3, x + half * 0.25, y - tall * 0.2, (0.9, 0.9, 0.85))


def person(rng: np.random.Generator, sheet: Sketch, light: Light, x: float, y: float, height: float) -> None:
    """Somebody standing at (x, y)."""
    coat, legs = light.on(paint(rng), 0.6), light.on(paint(rng) * 0.5, 0.4)
    skin = light.on((rng.uniform(0.3, 0.8), 0.5, 0.4), 0.6)
    wide, stride = height * 0.12, height * rng.uniform(0.02, 0.1)
    for way in (-1, 1):
        sheet.polygon(
            [
                (x + way * wide * 0.2 - wide * 0.4, y - height * 0.5),
                (x + way * wide * 0.2 + wide * 0.4, y - height * 0.5),
                (x + way * stride + wide * 0.3, y),
                (x + way * stride - wide * 0.3, y),
            ],
            legs,
        )
    sheet.polygon(
        [
            (x - wide, y - height * 0.8),
            (x + wide, y - height * 0.8),
            (x + wide * 0.8, y - height * 0.42),
            (x - wide * 0.8, y - height * 0.42),
        ],
        coat,
    )
    sheet.ellipse(x, y - height * 0.9, height * 0.065, height * 0.085, skin)


def lamp(sheet: Sketch, glow: Sketch, light: Light, x: float, y: float, height: float, reach: float) -> None:
    """A street lamp at (x, y) whose arm reaches sideways; its shine goes on `glow`."""
    post = light.on((0.18, 0.19, 0.20), 0.3)
    thick = max(height * 0.022, 0.003)
    sheet.line([(x, y), (x, y - height), (x + reach, y - height * 1.03)], thick, post)
    if light.lamps:
        glow.ellipse(x + reach, y - height, height * 0.16, height * 0.16, (1.0, 0.82, 0.5), 0.55)
        sheet.ellipse(x + reach, y - height, height * 0.04, height * 0.03, (1.0, 0.95, 0.8))
    else:
        sheet.ellipse(x + reach, y - height * 1.01, height * 0.04, height * 0.02, post * 1.4)
