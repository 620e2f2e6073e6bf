"""The hour of the day: where the light comes from, its colours, and the sky above the scene."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.scenes.drawing.canvas import Colour, Floats, Sketch, axes, blend, fractal, mix, shaded, smoothstep

# hour: zenith, horizon, direct light, light from all around, height of the sun, how often
_HOURS = {
    "dawn": ((0.42, 0.52, 0.72), (0.98, 0.80, 0.68), (1.00, 0.80, 0.62), (0.48, 0.50, 0.60), 0.12, 0.12),
    "morning": ((0.33, 0.56, 0.85), (0.84, 0.90, 0.95), (1.00, 0.95, 0.86), (0.50, 0.55, 0.62), 0.45, 0.24),
    "noon": ((0.18, 0.42, 0.78), (0.68, 0.83, 0.95), (1.00, 0.98, 0.94), (0.48, 0.54, 0.62), 0.80, 0.24),
    "overcast": ((0.62, 0.66, 0.71), (0.84, 0.86, 0.87), (0.35, 0.35, 0.35), (0.72, 0.73, 0.75), 0.90, 0.15),
    "storm": ((0.27, 0.31, 0.37), (0.62, 0.65, 0.67), (0.30, 0.30, 0.32), (0.52, 0.54, 0.58), 0.60, 0.06),
    "dusk": ((0.27, 0.30, 0.50), (0.99, 0.66, 0.44), (1.00, 0.72, 0.50), (0.44, 0.42, 0.48), 0.06, 0.12),
    "night": ((0.04, 0.06, 0.12), (0.13, 0.17, 0.30), (0.40, 0.46, 0.60), (0.34, 0.37, 0.46), 0.50, 0.06),
}


@dataclass(frozen=True)
class Light:
    """The light of one picture; colours are RGB in 0-1."""

    hour: str
    zenith: Floats
    horizon: Floats
    sun: Floats
    ambient: Floats
    sun_x: float
    """Where the sun stands, as a fraction of the picture's width; may lie outside."""
    sun_height: float
    """0 on the horizon, 1 overhead."""

    @property
    def lamps(self) -> bool:
        """Whether people have switched their lamps on."""
        return self.hour in ("night", "dusk", "storm")

    @property
    def level(self) -> float:
        """How bright a white wall half in the sun is."""
        return float((self.ambient + 0.5 * self.sun).mean())

    @property
    def side(self) -> float:
        """-1 where the light comes from the left, 1 from the right."""
        return -1.0 if self.sun_x < 0.5 else 1.0

    def on(self, colour: Colour, facing: float = 0.5) -> Floats:
        """How a surface of this colour looks; `facing` 1 is full in the sun, 0 in the shade. May exceed 1."""
        return np.asarray(colour, np.float32) * self._shine[min(max(int(facing * 16 + 0.5), 0), 16)]

    def over(self, facing: Floats, around: float, direct: float) -> Floats:
        """The light (3, H, W) on what faces the sun as `facing` (H, W) says; a weight for each of the two lights."""
        return shaded(self.sun * direct, facing) + (self.ambient * around)[:, None, None]

    @cached_property
    def _shine(self) -> list[Floats]:
        """The light on a white surface for facing 0, 1/16 … 1, worked out once: `on` is called for every leaf."""
        return [self.ambient + self.sun * np.float32(0.75 * step / 16) for step in range(17)]


def choose(rng: np.random.Generator) -> Light:
    """An hour of the day, every class of scene alike, with its colours a little shifted."""
    names = list(_HOURS)
    weights = np.array([_HOURS[name][5] for name in names])
    hour = names[rng.choice(len(names), p=weights / weights.sum())]
    zenith, horizon, sun, ambient, height, _ = _HOURS[hour]

    warmth = rng.normal(0, 1)

    def shifted(colour: tuple[float, ...], spread: float = 0.03) -> Floats:
        # Daylight goes from warm to cool and from dim to bright, hardly towards green or purple.
        shift = spread * (warmth * np.array((1.0, 0.1, -1.0)) + rng.normal() + rng.normal(0, 0.2, 3))
        return np.clip(np.asarray(colour) + shift, 0.01, 1).astype(np.float32)

    return Light(
        hour,
        shifted(zenith),
        shifted(horizon),
        shifted(sun, 0.02),
        shifted(ambient, 0.015),
        float(rng.uniform(-0.2, 1.2)),
        float(np.clip(height + rng.normal(0, 0.05), 0.02, 1)),
    )


def sky(rng: np.random.Generator, side: int, light: Light, horizon: float) -> Floats:
    """A picture filled with sky whose horizon is at height `horizon` (0 top, 1 bottom); below it the haze goes on."""
    x, y = axes(side)
    t = np.clip(y / max(horizon, 0.05), 0, 1) ** rng.uniform(0.8, 1.6)
    image = np.repeat(shaded(light.zenith, 1 - t) + shaded(light.horizon, t), side, axis=2)
    sun_y = horizon * (1 - light.sun_height)
    distance = np.hypot(x - light.sun_x, y - sun_y)
    if light.hour in ("dawn", "dusk", "morning"):
        glow = np.exp(-distance / rng.uniform(0.12, 0.3)) * rng.uniform(0.4, 0.9)
        blend(image, mix(light.sun, (1, 1, 0.9), 0.3), glow.astype(np.float32))
        if rng.random() < 0.5:
            blend(image, (1.0, 0.97, 0.85), smoothstep(0.035, 0.028, distance))
    if light.hour == "night":
        _night(rng, image, horizon)
    _clouds(rng, image, light, horizon, distance)
    return image


def _night(rng: np.random.Generator, image: Floats, horizon: float) -> None:
    side = image.shape[1]
    stars = Sketch(side)
    for _ in range(int(rng.integers(15, 70))):
        x, y, size = rng.random(), rng.random() * horizon, rng.uniform(0.002, 0.005)
        stars.ellipse(x, y, size, size, (0.95, 0.95, 1.0), rng.uniform(0.3, 1))
    stars.onto(image)
    if rng.random() < 0.5:
        moon = Sketch(side)
        x, y, size = rng.uniform(0.1, 0.9), rng.uniform(0.05, 0.5) * horizon, rng.uniform(0.02, 0.05)
        across, down = axes(side)
        blend(image, (0.7, 0.75, 0.85), np.exp(-np.hypot(across - x, down - y) / 0.08) * 0.5)
        moon.ellipse(x, y, size, size, (0.96, 0.95, 0.88))
        if rng.random() < 0.5:
            moon.ellipse(x + size * 0.5, y - size * 0.2, size * 0.9, size * 0.9, image[:, int(y * side), int(x * side)])
        moon.onto(image)


def _clouds(rng: np.random.Generator, image: Floats, light: Light, horizon: float, sun: Floats) -> None:
    kind = rng.choice(["clear", "wisps", "heaps", "deck"], p=[0.25, 0.25, 0.35, 0.15])
    if light.hour in ("overcast", "storm"):
        kind = "deck"
    if kind == "clear":
        return
    side = image.shape[1]
    _, y = axes(side)
    cells = {"wisps": (2.0, 9.0), "heaps": (4.0, 6.0), "deck": (3.0, 5.0)}[str(kind)]
    field = fractal(rng, side, cells, octaves=5, gain=0.55)
    cover = {"wisps": rng.uniform(0.5, 0.62), "heaps": rng.uniform(0.45, 0.62), "deck": rng.uniform(0.2, 0.4)}[
        str(kind)
    ]
    edge = {"wisps": 0.35, "heaps": 0.16, "deck": 0.5}[str(kind)]
    mask = smoothstep(cover, cover + edge, field) * {"wisps": 0.65, "heaps": 0.95, "deck": 0.8}[str(kind)]
    # Tops are bright and undersides dark: the field minus itself a little lower down.
    shift = max(1, side // 24)
    relief = field - np.roll(field, -shift, axis=0)
    bright = mix(light.horizon, np.minimum(light.ambient + light.sun, 1), 0.75)
    dark = mix(light.zenith, light.ambient, 0.7) * 0.95
    lit = np.clip(0.55 + relief * 2.2 + 0.4 * np.exp(-sun / 0.35), 0, 1)
    mask = mask * smoothstep(horizon * 1.02, horizon * 0.7, y + np.zeros_like(mask))
    blend(image, shaded(dark, 1 - lit) + shaded(bright, lit), mask)
