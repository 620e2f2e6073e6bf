"""Pictures that are none of the six scenes: a page of text, noise, a pattern, a flower, a test card."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sightline.scenes.drawing.canvas import Floats, Sketch, axes, blend, fractal, mix, shaded, to_array, to_image

KINDS = ("text", "noise", "pattern", "flower", "card")
"""The kinds of off-topic picture, in the order in which `off_topic` takes turns."""


def off_topic(seed: int, size: int = 96, kind: str | None = None) -> Image.Image:
    """A picture that is none of the six scenes, `size` pixels on a side, RGB; the same one for the same arguments.

    Args:
        kind: one of KINDS; None takes them in turn by seed.

    Raises:
        ValueError: no such kind.
    """
    kind = KINDS[seed % len(KINDS)] if kind is None else kind
    if kind not in KINDS:
        raise ValueError(f"no off-topic picture of kind {kind!r}; there are {', '.join(KINDS)}")
    rng = np.random.default_rng([99, KINDS.index(kind), seed])
    side = 2 * size
    draw = {"text": _text, "noise": _noise, "pattern": _pattern, "flower": _flower, "card": _card}[kind]
    return to_image(draw(rng, side)).reduce(2)


def _text(rng: np.random.Generator, side: int) -> Floats:
    """A page: a heading and lines of made-up words, on paper that is a little uneven."""
    paper, ink = rng.uniform(0.82, 0.98, 3), rng.uniform(0.0, 0.35, 3)
    page = Image.new("RGB", (side, side), tuple(int(c * 255) for c in paper))
    pen = ImageDraw.Draw(page)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    colour = tuple(int(c * 255) for c in ink)
    y, margin = rng.uniform(0.03, 0.12) * side, rng.uniform(0.04, 0.12) * side
    small = rng.uniform(0.035, 0.06) * side
    height = small * (2.0 if rng.random() < 0.6 else 1.0)
    while y < side:
        font = ImageFont.load_default(max(height, 6))
        words = ("".join(rng.choice(letters[:16], rng.integers(2, 9))) for _ in range(14))
        pen.text((margin, y), " ".join(words), fill=colour, font=font)
        y += height * 1.45 + (small if rng.random() < 0.12 else 0)
        height = small
    pen.rectangle((side - margin, 0, side, side), tuple(int(c * 255) for c in paper))
    page = page.rotate(
        float(rng.normal(0, 2.5)), Image.Resampling.BICUBIC, fillcolor=tuple(int(c * 255) for c in paper)
    )
    return to_array(page) * (0.85 + 0.2 * fractal(rng, side, 2, 3))


def _noise(rng: np.random.Generator, side: int) -> Floats:
    """What a broken sensor or a covered lens gives: coloured noise of one scale or of several."""
    if rng.random() < 0.5:
        cells = float(rng.choice([side // 2, side // 4, 12]))
        return np.stack([fractal(rng, side, cells, 1) for _ in range(3)])
    dark = rng.uniform(0.02, 0.5, (3, 1, 1)).astype(np.float32)
    return dark + 0.15 * (np.stack([fractal(rng, side, side // 2, 1) for _ in range(3)]) - 0.5)


def _pattern(rng: np.random.Generator, side: int) -> Floats:
    """A tiling of stripes, squares, discs or zigzags."""
    x, y = axes(side)
    angle, count = rng.uniform(0, np.pi), rng.uniform(3, 12)
    u = (x * np.cos(angle) + y * np.sin(angle)) * count
    v = (-x * np.sin(angle) + y * np.cos(angle)) * count
    kind = rng.integers(4)
    if kind == 0:
        where = np.sin(u * 6.28) > rng.uniform(-0.5, 0.5)
    elif kind == 1:
        where = (np.floor(u) + np.floor(v)) % 2 == 0
    elif kind == 2:
        where = np.hypot(u % 1 - 0.5, v % 1 - 0.5) < rng.uniform(0.2, 0.45)
    else:
        where = (u + 0.6 * np.abs(v % 2 - 1)) % 1 < 0.5
    image = np.empty((3, side, side), np.float32)
    image[:] = rng.random((3, 1, 1))
    blend(image, rng.random(3), (where + np.zeros((side, side))).astype(np.float32))
    return image


def _flower(rng: np.random.Generator, side: int) -> Floats:
    """One large blossom before blurred green."""
    base = mix((0.15, 0.35, 0.12), rng.uniform(0.1, 0.6, 3), 0.3)
    image = shaded(base, 0.5 + fractal(rng, side, 4, 2))
    sheet = Sketch(side)
    x, y = rng.uniform(0.4, 0.6, 2)
    petals, size = int(rng.integers(5, 17)), rng.uniform(0.3, 0.45)
    colour, turn = np.clip(np.array((0.9, 0.4, 0.5)) + rng.normal(0, 0.4, 3), 0.1, 1), rng.uniform(0, 6.3)
    sheet.line([(x, y), (x + rng.uniform(-0.2, 0.2), 1.1)], 0.025, base * 1.4)
    for rings in (1.0, 0.66):
        for i in range(petals):
            angle = turn + 2 * np.pi * (i + rings) / petals
            along, across = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
            t = np.linspace(0, np.pi, 14)
            reach, half = size * rings * rng.uniform(0.9, 1.05), size * rings * 2.4 / petals
            outline = [
                (x, y) + along * reach * (1 - np.cos(s)) / 2 + across * half * np.sin(s) * f
                for f in (1, -1)
                for s in (t if f == 1 else t[::-1])
            ]
            sheet.polygon(np.array(outline), colour * rng.uniform(0.75, 1.05) * (0.8 + 0.25 * (1 - rings)))
    heart = np.array((0.85, 0.65, 0.15)) * rng.uniform(0.4, 1)
    sheet.ellipse(x, y, size * 0.22, size * 0.22, heart)
    for _ in range(30):
        sheet.ellipse(
            x + rng.normal(0, size * 0.08), y + rng.normal(0, size * 0.08), 0.008, 0.008, heart * rng.uniform(0.5, 1.5)
        )
    sheet.onto(image, 0.8 + 0.4 * fractal(rng, side, 12, 3))
    return image


def _card(rng: np.random.Generator, side: int) -> Floats:
    """A television test card or a colour chart."""
    sheet = Sketch(side)
    bars = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]
    if rng.random() < 0.5:
        level, split = rng.uniform(0.6, 0.95), rng.uniform(0.55, 0.8)
        for i, bar in enumerate(bars):
            sheet.rectangle(i / 7, 0, (i + 1) / 7, split, np.array(bar) * level)
        for i in range(12):
            sheet.rectangle(i / 12, split, (i + 1) / 12, 1, np.full(3, i / 11))
        if rng.random() < 0.6:
            sheet.ellipse(0.5, 0.45, 0.28, 0.28, np.full(3, rng.uniform(0, 0.5)))
    else:
        rows, columns = int(rng.integers(3, 6)), int(rng.integers(4, 8))
        sheet.rectangle(0, 0, 1, 1, np.full(3, rng.uniform(0.05, 0.4)))
        for r in range(rows):
            for c in range(columns):
                sheet.rectangle(
                    (c + 0.08) / columns, (r + 0.08) / rows, (c + 0.92) / columns, (r + 0.92) / rows, rng.random(3)
                )
    image = np.zeros((3, side, side), np.float32)
    sheet.onto(image)
    return image
