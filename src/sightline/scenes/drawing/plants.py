"""Trees, bushes and stones, for the forest and for the other scenes' clutter."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing.canvas import Colour, Floats, Sketch, fractal, mix
from sightline.scenes.drawing.light import Light

_SEASONS = {
    "spring": ((0.45, 0.60, 0.20), (0.36, 0.52, 0.18), (0.55, 0.64, 0.28)),
    "summer": ((0.16, 0.34, 0.11), (0.22, 0.40, 0.14), (0.12, 0.27, 0.12), (0.30, 0.42, 0.15)),
    "autumn": ((0.75, 0.42, 0.10), (0.80, 0.58, 0.14), (0.58, 0.20, 0.08), (0.45, 0.36, 0.12)),
    "needles": ((0.08, 0.20, 0.13), (0.11, 0.24, 0.18), (0.07, 0.16, 0.12)),
    "dry": ((0.46, 0.42, 0.24), (0.40, 0.34, 0.22)),
}
SEASONS = tuple(_SEASONS)


def leaf(rng: np.random.Generator, season: str | None = None) -> Floats:
    """A colour of foliage."""
    colours = _SEASONS[season or SEASONS[rng.integers(len(SEASONS))]]
    colour = np.asarray(colours[rng.integers(len(colours))], np.float32) * np.float32(rng.uniform(0.8, 1.2))
    return np.maximum(colour + rng.normal(0, 0.02, 3), 0.02)


def fir(
    rng: np.random.Generator,
    sheet: Sketch,
    light: Light,
    x: float,
    base: float,
    height: float,
    colour: Colour,
    snow: float = 0.0,
) -> None:
    """One conifer: tiers of ragged branches, the lit side brighter; `snow` 0-1 lies on the tiers."""
    tiers = int(rng.integers(6, 10))
    wide = height * rng.uniform(0.15, 0.24)
    sheet.rectangle(
        x - height * 0.012, base - height * 0.15, x + height * 0.012, base, light.on((0.25, 0.18, 0.12), 0.3)
    )
    # Light falls on the tops; between the lower branches of neighbouring trees it is dark.
    own = np.asarray(colour, np.float32) * rng.uniform(0.75, 1.3)
    tone = np.linspace(0.5, 1.15, tiers)[:, None]
    shades, brights = own * tone * light.on((1, 1, 1), 0.25), own * tone * 1.25 * light.on((1, 1, 1), 0.8)
    white = light.on((0.92, 0.94, 0.99), 0.6)
    halves = wide * (1 - np.arange(tiers) / tiers) * rng.uniform(0.85, 1.15, tiers) + 0.001
    sag = rng.uniform(0, 0.25, (tiers, 2)).tolist()
    laden = (rng.random((tiers, 2)) < snow).tolist()
    # From the lowest tier up, so that each upper one covers the tip of the one below.
    for i, half in enumerate(halves.tolist()):
        y = base - height * (0.08 + 0.92 * i / tiers)
        top = y - height * (1.5 / tiers)
        left, right = (x - half, y + sag[i][0] * half), (x + half, y + sag[i][1] * half)
        sheet.polygon(
            [(x, top), left, (x - half * 0.3, y - half * 0.1), (x + half * 0.3, y - half * 0.1), right], shades[i]
        )
        lit = right if light.side > 0 else left
        sheet.polygon([(x, top), lit, (x + (lit[0] - x) * 0.2, y - half * 0.1)], brights[i])
        for tip, white_one in zip((left, right), laden[i], strict=True):
            if white_one:
                inner = (x + (tip[0] - x) * 0.3, top + (y - top) * 0.45)
                sheet.polygon([inner, tip, (x + (tip[0] - x) * 0.55, y - half * 0.05)], white)


def firs(rng: np.random.Generator, image: Floats, light: Light, base: float, height: float, count: int) -> None:
    """A row of conifers along the lower edge, with gaps, in place."""
    sheet = Sketch(image.shape[1])
    colour = leaf(rng, "needles")
    snow = 0.7 if rng.random() < 0.2 else 0.0
    middle = rng.random()
    for _ in range(int(rng.integers(count // 2, count))):
        x = rng.uniform(-0.05, 1.05)
        tall = height * rng.uniform(0.5, 1.1) * (0.6 + 0.7 * abs(x - middle))
        fir(
            rng,
            sheet,
            light,
            x,
            base + rng.uniform(-0.02, 0.03),
            tall,
            mix(colour, leaf(rng, "needles"), rng.random()),
            snow,
        )
    sheet.onto(image)


def crown(
    rng: np.random.Generator,
    sheet: Sketch,
    light: Light,
    x: float,
    y: float,
    rx: float,
    ry: float,
    colour: Colour,
    clumps: int = 14,
) -> None:
    """The crown of a broadleaved tree or a bush: clumps of leaves, those towards the light brighter."""
    base = np.asarray(colour, np.float32)
    sheet.ellipse(x, y, rx * 0.85, ry * 0.85, light.on(base * 0.55, 0.2))
    # Later clumps lie on the lit side and on top.
    t = np.arange(clumps) / clumps
    angle, reach = rng.uniform(0, 2 * np.pi, clumps), np.sqrt(rng.random(clumps)) * 0.8
    dx = np.cos(angle) * reach * (1 - 0.3 * t) + light.side * 0.25 * t
    dy = np.sin(angle) * reach * (1 - 0.3 * t) - 0.25 * t
    size = rng.uniform(0.22, 0.42, clumps) * (1 - 0.35 * t)
    facing = np.maximum(0.45 + 0.4 * (dx * light.side - dy) + rng.normal(0, 0.12, clumps), 0)[:, None]
    tones = base * (0.6 + 0.5 * facing) * (light.ambient + facing * light.sun * 0.75)
    sheet.ellipses(np.column_stack([x + dx * rx, y + dy * ry, size * rx, size * ry]), tones)


def bare(
    rng: np.random.Generator,
    sheet: Sketch,
    x: float,
    y: float,
    height: float,
    colour: Colour,
    width: float | None = None,
) -> None:
    """A leafless tree standing at (x, y)."""
    width = width or height * 0.05

    def grow(place: np.ndarray, heading: float, length: float, thick: float, depth: int) -> None:
        end = place + length * np.array([np.sin(heading), -np.cos(heading)])
        sheet.line([tuple(place), tuple(end)], thick, colour)
        if depth:
            for _ in range(2 if depth < 3 else 3):
                grow(end, heading + rng.normal(0, 0.5), length * rng.uniform(0.6, 0.8), thick * 0.6, depth - 1)

    grow(np.array([x, y]), rng.normal(0, 0.06), height * 0.36, width, 4)


def tree(
    rng: np.random.Generator,
    sheet: Sketch,
    light: Light,
    x: float,
    base: float,
    height: float,
    colour: Colour,
    leafless: bool = False,
) -> None:
    """A broadleaved tree with trunk and crown, standing at (x, base)."""
    bark = light.on((0.28, 0.22, 0.17), 0.4)
    if leafless:
        bare(rng, sheet, x, base, height, bark)
        return
    half = height * 0.025
    sheet.polygon(
        [
            (x - half, base),
            (x + half, base),
            (x + half * 0.6, base - height * 0.5),
            (x - half * 0.6, base - height * 0.5),
        ],
        bark,
    )
    crown(rng, sheet, light, x, base - height * 0.64, height * rng.uniform(0.26, 0.38), height * 0.36, colour)


def boulder(
    rng: np.random.Generator,
    sheet: Sketch,
    light: Light,
    x: float,
    y: float,
    size: float,
    colour: Colour = (0.45, 0.43, 0.41),
) -> None:
    """A stone lying at (x, y), lit from the side of the sun."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    reach = rng.uniform(0.75, 1.1, 9) * size
    outline = np.column_stack([x + np.cos(angles) * reach, y + np.sin(angles) * reach * 0.65])
    shade = np.asarray(colour) * rng.uniform(0.8, 1.2)
    sheet.polygon(outline, light.on(shade * 0.75, 0.1))
    inner = (outline - (x, y)) * 0.72 + (x + light.side * size * 0.2, y - size * 0.2)
    sheet.polygon(inner, light.on(shade, 0.8))


def leaves(rng: np.random.Generator, side: int, fine: float = 45) -> Floats:
    """A texture of leaves near 1, to multiply foliage with."""
    return (0.45 + 1.1 * np.clip(fractal(rng, side, fine, 2, gain=0.8), 0, 1)).astype(np.float32)
