"""Buildings: towers from below, skylines, houses with roofs, rows of fronts, a quarter from above."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sightline.scenes.drawing import plants
from sightline.scenes.drawing.canvas import Floats, Sketch, axes, blend, mix, warp
from sightline.scenes.drawing.house import ROOFS, ground, house, mottle, passers, roofs
from sightline.scenes.drawing.light import Light, sky
from sightline.scenes.drawing.town import Camera, box, facade, rgb, side_of, style
from sightline.scenes.drawing.water import lake


def draw(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A picture of buildings, and the height of its horizon."""
    kinds = {"tower": 0.3, "skyline": 0.17, "house": 0.17, "front": 0.22, "above": 0.14}
    kind = rng.choice(list(kinds), p=list(kinds.values()))
    return {"tower": _tower, "skyline": _skyline, "house": house, "front": _front, "above": _above}[str(kind)](
        rng, side, light
    )


def _tower(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """One or a few big buildings, looked up at."""
    camera = Camera(
        1.7, pitch=float(rng.uniform(0.15, 0.6)), yaw=float(rng.normal(0, 0.15)), focal=float(rng.uniform(0.6, 1.0))
    )
    image = sky(rng, side, light, 1.0)
    shade = mottle(rng, side)
    ground(rng, image, camera, light)
    houses = []
    for _ in range(int(rng.integers(1, 5))):
        z, wide = rng.uniform(14, 50), rng.uniform(9, 24)
        x = rng.uniform(-0.55, 0.55) * z
        houses.append((z, x - wide / 2, x + wide / 2, rng.uniform(0.5, 1.6) * z + 12))
    for z, x0, x1, height in sorted(houses, reverse=True):
        look = style(rng, light, tall=bool(rng.random() < 0.65))
        box(rng, image, camera, light, look, x0, x1, z, z + rng.uniform(10, 25), height, shade=shade)
        if rng.random() < 0.3:
            inset = (x1 - x0) * 0.2
            box(
                rng,
                image,
                camera,
                light,
                look,
                x0 + inset,
                x1 - inset,
                z + 2,
                z + 10,
                height * 1.18,
                shade=shade,
                foot=height,
            )
    passers(rng, image, camera, light)
    return image, min(camera.horizon, 0.95)


def _skyline(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """Many towers from afar, over water, roofs or trees."""
    horizon = float(rng.uniform(0.68, 0.85))
    image = sky(rng, side, light, horizon)
    for row, air in enumerate((0.6, 0.35, 0.08)):
        place = -0.1
        while place < 1.05:
            wide = rng.uniform(0.05, 0.15) * (0.8 + 0.25 * row)
            tall = rng.uniform(0.12, 0.52) * (1.0 - 0.18 * row) * (1 + 0.6 * np.exp(-(((place - 0.5) / 0.25) ** 2)))
            top = max(horizon - tall, 0.04)
            look = style(rng, light, tall=True)
            left = place + wide * rng.uniform(0.55, 0.8)
            for a, b, facing in (
                (place, left, 0.75 if light.side < 0 else 0.25),
                (left, place + wide, 0.25 if light.side < 0 else 0.75),
            ):
                metres = (b - a) * 170
                texture = facade(rng, light, look, metres, tall * 170, facing, tall * side)
                pixels = np.array([(a, top), (b, top), (b, horizon + 0.02), (a, horizon + 0.02)])
                veil = Image.new("RGB", texture.size, rgb(light.horizon))
                warp(image, Image.blend(texture, veil, air), pixels)
            if rng.random() < 0.25:
                sheet = Sketch(side)
                middle = place + wide * 0.5
                sheet.polygon(
                    [(middle - wide * 0.25, top), (middle, top - rng.uniform(0.04, 0.14)), (middle + wide * 0.25, top)],
                    mix(light.on(look.wall, 0.5), light.horizon, air),
                )
                sheet.onto(image)
            place += wide * rng.uniform(0.9, 1.5)
    below = rng.choice(["water", "trees", "roofs"])
    if below == "water":
        lake(rng, image, light, horizon + 0.01)
    elif below == "trees":
        sheet = Sketch(side)
        _, y = axes(side)
        blend(image, light.on(plants.leaf(rng, "summer") * 0.6, 0.4), (y > horizon + 0.01).astype(np.float32))
        for py in np.sort(rng.uniform(horizon, 1.05, 40)):
            plants.crown(rng, sheet, light, rng.random(), float(py), 0.06, 0.045, plants.leaf(rng, "summer"), 7)
        sheet.onto(image, plants.leaves(rng, side))
    else:
        roofs(rng, image, light, horizon)
    return image, horizon


def _front(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A façade that fills most of the picture, square on or at an angle."""
    camera = Camera(
        float(rng.uniform(1.7, 9)),
        pitch=float(rng.uniform(0, 0.2)),
        focal=float(rng.uniform(0.8, 1.2)),
        shift=float(rng.uniform(0.1, 0.3)),
    )
    image = sky(rng, side, light, camera.horizon)
    ground(rng, image, camera, light)
    shade = mottle(rng, side)
    turn, z = rng.normal(0, 0.35), rng.uniform(13, 24)
    reach = -z
    while reach < z * 0.9:
        wide, tall = rng.uniform(8, 26), rng.uniform(9, 24)
        ends = np.array([(reach, z + turn * reach), (reach + wide, z + turn * (reach + wide))])
        ends[:, 1] = np.maximum(ends[:, 1], 5)
        look = style(rng, light)
        side_of(rng, image, camera, light, look, ends, tall, float(rng.uniform(0.3, 0.9)), shade=shade)
        if rng.random() < 0.5:
            sheet = Sketch(side)
            roof = [
                (*ends[0], tall),
                (*ends[1], tall),
                (*(ends[1] + (-0.7, 3)), tall + 3),
                (*(ends[0] + (0.7, 3)), tall + 3),
            ]
            sheet.polygon(
                camera.project(np.array([(x, h, d) for x, d, h in roof])),
                light.on(ROOFS[rng.integers(len(ROOFS))], 0.6),
            )
            sheet.onto(image)
        reach += wide
    passers(rng, image, camera, light)
    return image, camera.horizon


def _above(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A quarter of the town from a roof or a drone."""
    camera = Camera(
        float(rng.uniform(45, 90)),
        pitch=-float(rng.uniform(0.3, 0.65)),
        yaw=float(rng.normal(0, 0.1)),
        focal=float(rng.uniform(0.8, 1.1)),
    )
    image = sky(rng, side, light, max(camera.horizon, 0.02))
    ground(rng, image, camera, light)
    shade = mottle(rng, side)
    rows = np.geomspace(300, 38, 8)
    for z in rows:
        block = rng.uniform(16, 26)
        for x in np.arange(-z * 0.75 + rng.uniform(0, block), z * 0.75, block * 1.35):
            if rng.random() < 0.12:
                continue
            wide, deep = block * rng.uniform(0.7, 1.0), block * rng.uniform(0.6, 0.9)
            tall = rng.uniform(7, 22) if rng.random() < 0.85 else rng.uniform(25, 45)
            roof = (
                np.asarray(ROOFS[rng.integers(len(ROOFS))])
                if rng.random() < 0.6
                else np.full(3, rng.uniform(0.35, 0.75))
            )
            look = style(rng, light, tall=tall > 24)
            box(
                rng,
                image,
                camera,
                light,
                look,
                float(x),
                float(x + wide),
                float(z),
                float(z + deep),
                float(tall),
                roof,
                shade,
            )
    _, y = axes(side)
    blend(
        image,
        light.horizon,
        np.clip(0.7 * np.exp(-np.maximum(y - camera.horizon, 0) / 0.1), 0, 1) * (y > camera.horizon),
    )
    return image, max(camera.horizon, 0.05)
