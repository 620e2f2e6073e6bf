"""From a drawn scene to a photograph: weather, something in front of the lens, exposure, colour cast, grain."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sightline.scenes.drawing.canvas import Floats, Sketch, axes, blend, fractal, mix, smoothstep, to_array, to_image
from sightline.scenes.drawing.light import Light


def weather(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    """Fog, rain or snow over the scene, in place; most pictures are left dry."""
    kind = rng.choice(["dry", "fog", "rain", "snow"], p=[0.78, 0.08, 0.07, 0.07])
    if kind == "fog":
        _fog(rng, image, light, horizon)
    elif kind == "rain":
        _rain(rng, image, light)
    elif kind == "snow":
        _snow(rng, image, light)


def _fog(rng: np.random.Generator, image: Floats, light: Light, horizon: float) -> None:
    side = image.shape[1]
    _, y = axes(side)
    veil = mix(light.horizon, np.full(3, light.level), 0.6)
    band = np.exp(-(((y - horizon) / rng.uniform(0.2, 0.45)) ** 2))
    amount = rng.uniform(0.25, 0.5) * (0.35 + 0.65 * band) * (0.6 + 0.8 * fractal(rng, side, (2, 5), 3))
    blend(image, veil, np.clip(amount, 0, 0.75).astype(np.float32))


def _rain(rng: np.random.Generator, image: Floats, light: Light) -> None:
    gray = image.mean(axis=0)
    image += (gray - image) * 0.4
    image *= 0.88
    drops = Sketch(image.shape[1])
    slant = rng.uniform(-0.25, 0.25)
    for _ in range(int(rng.integers(50, 140))):
        x, y, length = rng.random() * 1.2 - 0.1, rng.random() * 1.1 - 0.1, rng.uniform(0.03, 0.1)
        drops.line([(x, y), (x + slant * length, y + length)], 0.004, light.ambient + 0.25, rng.uniform(0.15, 0.4))
    drops.onto(image)


def _snow(rng: np.random.Generator, image: Floats, light: Light) -> None:
    blend(image, light.ambient + 0.15, 0.12)
    for blur, most, sizes in ((0.0, 110, (0.002, 0.006)), (0.006, 25, (0.008, 0.018))):
        flakes = Sketch(image.shape[1])
        for _ in range(int(rng.integers(most // 3, most))):
            x, y, size = rng.random(), rng.random(), rng.uniform(*sizes)
            flakes.ellipse(
                x, y, size, size * rng.uniform(0.8, 1.3), np.minimum(light.ambient + 0.4, 1), rng.uniform(0.5, 0.95)
            )
        flakes.onto(image, blur=blur)


def in_front(rng: np.random.Generator, image: Floats, light: Light) -> None:
    """Now and then something close to the camera hides a part of the scene, in place."""
    if rng.random() > 0.14:
        return
    sheet = Sketch(image.shape[1])
    colour = mix(light.ambient, (0.1, 0.1, 0.1), 0.8) * rng.uniform(0.75, 1.3)
    kind = rng.choice(["branch", "pole", "rail", "wire", "thumb"])
    blur = float(rng.uniform(0.003, 0.012))
    if kind == "branch":
        _branch(rng, sheet, colour)
    elif kind == "pole":
        left, width = rng.random(), rng.uniform(0.015, 0.06)
        sheet.polygon(
            [(left, -0.1), (left + width, -0.1), (left + width * 1.1, 1.1), (left - width * 0.1, 1.1)], colour
        )
    elif kind == "rail":
        top, gap = rng.uniform(0.78, 0.92), rng.uniform(0.06, 0.15)
        sheet.rectangle(-0.1, top, 1.1, top + 0.018, colour)
        for x in np.arange(rng.uniform(0, gap), 1, gap):
            sheet.rectangle(x, top, x + 0.012, 1.1, colour)
    elif kind == "wire":
        x = np.linspace(-0.1, 1.1, 12)
        for _ in range(int(rng.integers(1, 4))):
            a, b, sag = rng.uniform(0, 0.4), rng.uniform(0, 0.4), rng.uniform(0.02, 0.1)
            sheet.line(np.column_stack([x, a + (b - a) * x + sag * 4 * x * (1 - x)]), 0.006, colour)
        blur = 0.0
    else:
        corner = rng.integers(2, size=2)
        wide, tall = rng.uniform(0.08, 0.22, 2)
        sheet.ellipse(corner[0], corner[1], wide, tall, rng.uniform(0.1, 0.8, 3) * light.level)
        blur = 0.03
    sheet.onto(image, blur=blur)


def _branch(rng: np.random.Generator, sheet: Sketch, colour: Floats) -> None:
    start = np.array([rng.choice([-0.05, 1.05]), rng.uniform(-0.05, 0.4)])
    heading = np.array([1.0 if start[0] < 0 else -1.0, rng.uniform(-0.3, 0.4)]) * 0.06
    leaf = mix(colour, rng.uniform(0, 0.6, 3) * (1, 1, 0.5), 0.5)
    place = start
    for _ in range(int(rng.integers(5, 11))):
        step = place + heading + rng.normal(0, 0.012, 2)
        sheet.line([tuple(place), tuple(step)], 0.012, colour)
        for _ in range(int(rng.integers(1, 5))):
            x, y = step + rng.normal(0, 0.035, 2)
            sheet.ellipse(x, y, rng.uniform(0.008, 0.025), rng.uniform(0.006, 0.018), leaf * rng.uniform(0.7, 1.3))
        place = step


def frame(rng: np.random.Generator, image: Floats) -> Image.Image:
    """What the photographer took of the scene: a part of it, seldom quite level."""
    side = image.shape[1]
    tilt = rng.normal(0, 0.05) if rng.random() < 0.5 else 0.0
    cos, sin = np.cos(tilt), np.sin(tilt)
    widest = 1 / (cos + abs(sin))  # a wider frame would show what lies beyond the drawing
    zoom = widest * rng.uniform(0.78, 1.0)
    slack = (1 - zoom * (cos + abs(sin))) / 2
    x, y = (0.5 + rng.uniform(-slack, slack, 2)) * side
    a, b = zoom * cos, zoom * sin
    half = side / 2
    matrix = (a, -b, x - a * half + b * half, b, a, y - b * half - a * half)
    return to_image(image).transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def photograph(rng: np.random.Generator, image: Floats, size: int) -> Image.Image:
    """The finished photo of `size` pixels on a side: framed, reduced, exposed, tinted, vignetted, with sensor grain."""
    small = to_array(frame(rng, image).reduce(image.shape[1] // size))
    # A photo is exposed for what it shows, only not quite.
    middle = float(small.mean())
    exposure = (0.42 / max(middle, 0.08)) ** rng.uniform(0.0, 0.6) * 2 ** rng.normal(0, 0.18)
    cast = rng.normal(0, 0.06) * np.array((1.0, 0.0, -1.0)) + rng.normal(0, 0.015) * np.array((1.0, -1.0, 1.0))
    small *= (exposure * (1 + cast)).astype(np.float32)[:, None, None]
    gray = 0.299 * small[0] + 0.587 * small[1] + 0.114 * small[2]
    saturation = 0.0 if rng.random() < 0.03 else rng.uniform(0.5, 1.2)
    small = gray + (small - gray) * np.float32(saturation)
    # Highlights roll off instead of being cut.
    small = np.where(small > 0.8, 0.8 + 0.2 * np.tanh((small - 0.8) / 0.2), small)
    small = np.clip(small, 0, 1) ** np.float32(rng.uniform(0.8, 1.25))
    contrast = np.float32(rng.uniform(-0.1, 0.5))
    small = small * (1 - contrast) + smoothstep(0, 1, small) * contrast
    x, y = axes(size)
    small *= 1 - np.float32(rng.uniform(0, 0.6)) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    small += rng.standard_normal(small.shape, np.float32) * np.float32(rng.uniform(0.003, 0.02))
    return to_image(small)
