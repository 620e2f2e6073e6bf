"""Houses: one with a gabled roof in its garden, a field of roofs; and the ground and the clutter before buildings."""

from __future__ import annotations

import numpy as np

from sightline.scenes.drawing import plants
from sightline.scenes.drawing.canvas import Colour, Floats, Sketch, axes, blend, fractal, mix, shaded, smoothstep
from sightline.scenes.drawing.light import Light, sky
from sightline.scenes.drawing.passers import car, lamp, paint, person
from sightline.scenes.drawing.town import WALLS, Camera, box, style

ROOFS = ((0.52, 0.26, 0.19), (0.36, 0.30, 0.29), (0.26, 0.27, 0.30), (0.60, 0.38, 0.24), (0.40, 0.42, 0.38))


def mottle(rng: np.random.Generator, side: int) -> Floats:
    """Stains, shadows and reflections that keep walls from looking flat."""
    return np.asarray(np.clip(0.8 + 0.4 * fractal(rng, side, (4, 5), 4, gain=0.6), 0.55, 1.25))


def ground(rng: np.random.Generator, image: Floats, camera: Camera, light: Light) -> None:
    """Fill the picture below the horizon with grass or paving, in place."""
    side = image.shape[1]
    _, y = axes(side)
    grass = rng.random() < 0.3
    colour: Colour = plants.leaf(rng, "summer") if grass else np.full(3, rng.uniform(0.3, 0.6))
    texture = 0.8 + 0.4 * fractal(rng, side, (30, 50), 3)
    blend(
        image,
        shaded(light.on(colour, 0.6), texture),
        smoothstep(0, 0.01, y - camera.horizon + np.zeros_like(texture)),
    )


def passers(rng: np.random.Generator, image: Floats, camera: Camera, light: Light) -> None:
    """Trees, people, a car and a lamp in front of the buildings."""
    side = image.shape[1]
    sheet, glow = Sketch(side), Sketch(side)
    for z in np.sort(rng.uniform(6, 24, int(rng.integers(0, 6))))[::-1]:
        x = rng.uniform(-0.55, 0.55) * z
        foot, head = camera.project(np.array([(x, 0, z), (x, 1.75, z)]))
        metre = (foot[1] - head[1]) / 1.75
        kind = rng.choice(["tree", "person", "lamp", "car"], p=[0.35, 0.35, 0.15, 0.15])
        if kind == "tree" and z > 11:
            plants.tree(
                rng,
                sheet,
                light,
                foot[0],
                foot[1],
                metre * rng.uniform(3.5, 7),
                plants.leaf(rng),
                bool(rng.random() < 0.15),
            )
        elif kind == "person":
            person(rng, sheet, light, foot[0], foot[1], metre * 1.75)
        elif kind == "car":
            car(rng, sheet, light, foot[0], foot[1], metre * 1.9, bool(rng.random() < 0.5))
        else:
            lamp(sheet, glow, light, foot[0], foot[1], metre * 5.5, metre * 0.8)
    sheet.onto(image, 0.75 + 0.5 * fractal(rng, side, 40, 2))
    glow.onto(image, blur=0.02)


def roofs(rng: np.random.Generator, image: Floats, light: Light, start: float) -> None:
    """Gabled roofs, row before row, from `start` down."""
    sheet = Sketch(image.shape[1])
    y = start
    while y < 1.1:
        size = 0.03 + 0.3 * (y - start + 0.04)
        for x in np.arange(-0.1 + rng.uniform(0, size), 1.1, size * 1.4):
            px, py = float(x + rng.normal(0, size * 0.15)), y + rng.normal(0, size * 0.1)
            wall, roof = WALLS[rng.integers(len(WALLS))], ROOFS[rng.integers(len(ROOFS))]
            wide, tall, rise = (
                size * rng.uniform(0.45, 0.7),
                size * rng.uniform(0.4, 0.8),
                size * rng.uniform(0.25, 0.45),
            )
            sheet.rectangle(px - wide, py, px + wide, py + tall, light.on(wall, 0.5))
            for wx in (-0.6, 0.0, 0.6):
                pane = (1.0, 0.85, 0.55) if light.lamps and rng.random() < 0.5 else light.on((0.15, 0.18, 0.22))
                sheet.rectangle(
                    px + wide * (wx - 0.15), py + tall * 0.2, px + wide * (wx + 0.15), py + tall * 0.55, pane
                )
            sheet.polygon(
                [
                    (px - wide * 1.12, py),
                    (px - wide * 0.75, py - rise),
                    (px + wide * 0.75, py - rise),
                    (px + wide * 1.12, py),
                ],
                light.on(roof, 0.8),
            )
            if rng.random() < 0.5:
                sheet.rectangle(
                    px + wide * 0.3, py - rise * 1.3, px + wide * 0.45, py - rise * 0.6, light.on((0.4, 0.28, 0.24))
                )
        y += size * 0.75
    sheet.onto(image, 0.8 + 0.4 * fractal(rng, image.shape[1], 50, 2))


def house(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """One house with a gabled roof, in its garden or its lane."""
    camera = Camera(
        float(rng.uniform(1.7, 4)),
        yaw=float(rng.normal(0, 0.08)),
        focal=float(rng.uniform(0.85, 1.2)),
        shift=float(rng.uniform(0.12, 0.26)),
    )
    horizon = camera.horizon
    image = sky(rng, side, light, horizon)
    sheet = Sketch(side)
    for x in rng.uniform(-0.05, 1.05, int(rng.integers(2, 10))):
        plants.tree(
            rng,
            sheet,
            light,
            float(x),
            horizon + 0.02,
            rng.uniform(0.12, 0.3),
            mix(plants.leaf(rng), light.horizon, 0.3),
            bool(rng.random() < 0.15),
        )
    sheet.onto(image, plants.leaves(rng, side))
    ground(rng, image, camera, light)
    z, wide, deep = rng.uniform(12, 17), rng.uniform(8, 13), rng.uniform(7, 11)
    offset, tall = rng.uniform(-5, 5), rng.uniform(3.2, 7.5)
    x0, x1, z1 = offset - wide / 2, offset + wide / 2, z + deep
    look = style(rng, light)
    rise, roof = rng.uniform(2.0, 4.5), np.asarray(ROOFS[rng.integers(len(ROOFS))])
    shade = mottle(rng, side)
    box(rng, image, camera, light, look, x0, x1, z, z1, tall, shade=shade)
    sheet = Sketch(side)
    over = 0.5
    if rng.random() < 0.55:
        # The gable looks at the viewer: a triangle of wall, a roof plane on either side.
        ridge_near, ridge_far = (offset, tall + rise, z - over), (offset, tall + rise, z1)
        sheet.polygon(
            camera.project(np.array([(x0, tall, z), (offset, tall + rise, z), (x1, tall, z)])), light.on(look.wall, 0.5)
        )
        for x, lit in ((x0 - over, 0.9 if light.side < 0 else 0.2), (x1 + over, 0.9 if light.side > 0 else 0.2)):
            eaves_near, eaves_far = (x, tall - 0.4, z - over), (x, tall - 0.4, z1)
            plane = camera.project(np.array([eaves_near, ridge_near, ridge_far, eaves_far]))
            faces_viewer = (x < offset) == (offset > 0)
            if not faces_viewer:
                sheet.polygon(plane, light.on(roof, lit))
            edge = camera.project(np.array([eaves_near, ridge_near]))
            sheet.line(edge, 0.012, light.on(roof * 0.8, lit))
        hole = camera.project(np.array([(offset - 0.6, tall + rise * 0.45, z), (offset + 0.6, tall + rise * 0.1, z)]))
        sheet.span(hole, light.on(look.glass, 0.5))
    else:
        # The long side looks at the viewer, with the roof above it.
        middle = z + deep / 2
        plane = camera.project(
            np.array(
                [
                    (x0 - over, tall - 0.2, z - over),
                    (x1 + over, tall - 0.2, z - over),
                    (x1 + over, tall + rise, middle),
                    (x0 - over, tall + rise, middle),
                ]
            )
        )
        sheet.polygon(plane, light.on(roof, 0.7))
        for _ in range(int(rng.integers(0, 4))):
            x = rng.uniform(x0 + 1, x1 - 1)
            spot = camera.project(
                np.array([(x, tall + rise * 0.65, z + deep * 0.2), (x + 1.1, tall + rise * 0.3, z + deep * 0.2)])
            )
            sheet.span(spot, light.on((0.3, 0.36, 0.42), 0.8))
        if x0 > 0 or x1 < 0:
            x = x0 if x0 > 0 else x1
            sheet.polygon(
                camera.project(np.array([(x, tall, z), (x, tall + rise, middle), (x, tall, z1)])),
                light.on(look.wall, 0.3),
            )
    if rng.random() < 0.6:
        x = offset + rng.uniform(-0.3, 0.3) * wide
        stack = camera.project(
            np.array([(x, tall + rise * 1.25, z + deep / 3), (x + 0.9, tall + rise * 0.7, z + deep / 3)])
        )
        sheet.span(stack, light.on((0.5, 0.32, 0.27), 0.5))
    x = offset + rng.uniform(-0.35, 0.35) * wide
    door = camera.project(np.array([(x, 2.1, z), (x + 1.1, 0, z)]))
    sheet.span(door, light.on(paint(rng), 0.5))
    sheet.onto(image, 0.8 + 0.4 * fractal(rng, side, (20, 60), 2))
    garden = Sketch(side)
    for _ in range(int(rng.integers(1, 8))):
        bush = camera.project(np.array([(rng.uniform(-9, 9), 0.4, z - rng.uniform(0.5, 6))]))[0]
        plants.crown(
            rng, garden, light, bush[0], bush[1], rng.uniform(0.03, 0.08), rng.uniform(0.03, 0.06), plants.leaf(rng), 9
        )
    garden.onto(image, plants.leaves(rng, side))
    passers(rng, image, camera, light)
    return image, horizon
