"""Streets: the road running away between rows of houses, with lanes, cars, people, lamps, trees and wires."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sightline.scenes.drawing import plants
from sightline.scenes.drawing.canvas import (
    Floats,
    Sketch,
    axes,
    blend,
    fill,
    fractal,
    mix,
    resample,
    shaded,
    smoothstep,
)
from sightline.scenes.drawing.light import Light, sky
from sightline.scenes.drawing.passers import car, lamp, paint, person
from sightline.scenes.drawing.town import Camera, side_of, style


def draw(rng: np.random.Generator, side: int, light: Light) -> tuple[Floats, float]:
    """A picture of a street, and the height of its horizon."""
    alley = rng.random() < 0.2
    road = rng.uniform(1.5, 2.5) if alley else rng.uniform(3.2, 8)
    walk = rng.uniform(0.5, 1.0) if alley else rng.uniform(1.8, 4.5)
    stand = rng.choice(["kerb", "bus", "balcony"], p=[0.65, 0.17, 0.18]) if not alley else "kerb"
    height, pitch = {"kerb": ((1.5, 3.0), 0.0), "bus": ((5, 9), -0.08), "balcony": ((10, 17), -0.3)}[str(stand)]
    camera = Camera(
        height=float(rng.uniform(*height)),
        pitch=float(pitch + rng.normal(0, 0.05)),
        yaw=float(rng.normal(0, 0.14)),
        focal=float(rng.uniform(0.65, 1.05)),
        shift=float(rng.uniform(-0.02, 0.14)),
    )
    middle = float(rng.uniform(-0.6, 0.6) * road)
    image = sky(rng, side, light, camera.horizon)
    _end(rng, image, camera, light)
    _surface(rng, image, camera, light, middle, road, cobbled=alley or bool(rng.random() < 0.2))
    open_side = None if alley or rng.random() > 0.2 else rng.choice([-1, 1])
    for way in (-1, 1):
        if way == open_side:
            _trees(rng, image, camera, light, middle + way * (road + walk + 1.5), dense=True)
        else:
            _row(rng, image, camera, light, middle + way * (road + walk), way, low=6 if not alley else 7)
    _traffic(rng, image, camera, light, middle, road, walk, alley)
    if rng.random() < 0.3:
        _wet(rng, image, camera)
    return image, camera.horizon


def _end(rng: np.random.Generator, image: Floats, camera: Camera, light: Light) -> None:
    """What closes the view: hazy houses, trees or a tower."""
    sheet = Sketch(image.shape[1])
    for _ in range(int(rng.integers(0, 9))):
        x = camera.project(np.array([(0, 0, 100)]))[0, 0] + rng.normal(0, 0.08)
        tall, wide = rng.uniform(0.02, 0.14), rng.uniform(0.01, 0.05)
        tone = mix(light.on(rng.uniform(0.3, 0.7, 3), 0.5), light.horizon, rng.uniform(0.4, 0.8))
        sheet.rectangle(x - wide, camera.horizon - tall, x + wide, camera.horizon + 0.01, tone)
    sheet.onto(image)


def _surface(
    rng: np.random.Generator,
    image: Floats,
    camera: Camera,
    light: Light,
    middle: float,
    road: float,
    cobbled: bool,
) -> None:
    """Pavements, kerbs, the carriageway and its marks."""
    side = image.shape[1]
    x, y = axes(side)
    drop = np.maximum(y - camera.horizon, 0.4 / side)
    far = camera.focal * camera.height / drop
    texture_rows = np.abs((np.log(far) * 110 + 256) % 510 - 255) + 0 * x
    across = (x - 0.5) * far / camera.focal
    stones = fractal(rng, 256, 70 if not cobbled else 36, 3, gain=0.9)
    grain = resample(stones, texture_rows, np.abs((across * 38 + 128) % 510 - 255))
    below = smoothstep(-0.004, 0.004, y - camera.horizon + 0 * x)
    pavement = light.on(np.full(3, rng.uniform(0.42, 0.66)) * (1 + rng.normal(0, 0.04, 3)), 0.6)
    blend(image, shaded(pavement, 0.75 + 0.5 * grain), below)

    def strip(x0: float, x1: float, z0: float = 1.0, z1: float = 300.0) -> np.ndarray:
        return camera.project(np.array([(x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1)]))

    snowy = rng.random() < 0.07
    tar = light.on(
        (0.75, 0.77, 0.8) if snowy else np.full(3, rng.uniform(0.16, 0.38)) * (1 + rng.normal(0, 0.05, 3)), 0.6
    )
    sheet = Sketch(side)
    near = max(0.6, camera.height * 0.5)
    sheet.polygon(strip(middle - road, middle + road, near), tar)
    for way in (-1, 1):
        edge = middle + way * road
        sheet.polygon(strip(edge, edge + way * 0.25, near), pavement * 1.2)
    sheet.onto(image, 0.7 + 0.6 * grain if cobbled else 0.85 + 0.3 * grain)
    marks = Sketch(side)
    chalk = light.on((0.92, 0.82, 0.35) if rng.random() < 0.25 else (0.9, 0.9, 0.88), 0.6)
    if not cobbled and not snowy:
        if rng.random() < 0.8:
            step = rng.uniform(3, 8)
            solid = rng.random() < 0.25
            for z in np.arange(near, 90, step):
                marks.polygon(strip(middle - 0.1, middle + 0.1, z, z + step * (1.0 if solid else 0.5)), chalk)
        if road > 5:
            for z in np.arange(near, 70, 5):
                for way in (-1, 1):
                    marks.polygon(
                        strip(middle + way * road / 2 - 0.08, middle + way * road / 2 + 0.08, z, z + 2.2), chalk
                    )
        if rng.random() < 0.3:
            z = rng.uniform(near + 1, 16)
            for stripe in np.arange(-road + 0.4, road - 0.4, 1.0):
                marks.polygon(strip(middle + stripe, middle + stripe + 0.5, z, z + 3.2), chalk)
    marks.onto(image, 0.75 + 0.5 * grain)


def _row(rng: np.random.Generator, image: Floats, camera: Camera, light: Light, x: float, way: int, low: float) -> None:
    """A row of houses along the street, from far to near."""
    side = image.shape[1]
    ends = [float(rng.uniform(1.2, 6))]
    while ends[-1] < 120:
        ends.append(ends[-1] + float(rng.uniform(5, 15)) * (1 + ends[-1] / 60))
    sunny = 0.85 if (light.side > 0) == (way < 0) else 0.15
    stretch = rng.uniform(0.7, 1.9)
    shade = np.clip(0.8 + 0.4 * fractal(rng, side, (5, 6), 3), 0.5, 1.3)
    for z0, z1 in reversed(list(pairwise(ends))):
        tall = low + rng.uniform(0, 9) * stretch
        look = style(rng, light, tall=bool(rng.random() < 0.15))
        air = 1 - np.exp(-z0 / 170)
        wall = x + way * float(rng.uniform(0, 0.6))
        if tall < camera.height:
            top = [(wall, tall, z0), (wall + way * 12, tall, z0), (wall + way * 12, tall, z1), (wall, tall, z1)]
            tiles = light.on(mix((0.48, 0.30, 0.24), (0.42, 0.42, 0.43), rng.random()), 0.9)
            fill(image, camera.project(np.array(top)), mix(tiles, light.horizon, air))
        # The flank that shows above a lower neighbour.
        flank = [(wall, 0, z0), (wall + way * 12, 0, z0), (wall + way * 12, tall, z0), (wall, tall, z0)]
        fill(image, camera.project(np.array(flank)), mix(light.on(look.wall * 0.85, 0.4), light.horizon, air))
        base = np.array([(wall, z0), (wall, z1)]) if way < 0 else np.array([(wall, z1), (wall, z0)])
        side_of(rng, image, camera, light, look, base, tall, sunny, shade=shade)
        if air > 0.1:
            front = [(wall, 0, z0), (wall, 0, z1), (wall, tall, z1), (wall, tall, z0)]
            fill(image, camera.project(np.array(front)), light.horizon, float(air) * 0.7)
        if rng.random() < 0.4:
            # A roof, sloping back from the eaves.
            back = wall + way * 3
            slope = [(wall, tall, z0), (wall, tall, z1), (back, tall + 2.5, z1), (back, tall + 2.5, z0)]
            tiles = light.on(mix((0.5, 0.27, 0.2), (0.3, 0.29, 0.31), rng.random()), 0.5)
            fill(image, camera.project(np.array(slope)), mix(tiles, light.horizon, air))
        if rng.random() < 0.35 and z0 > 3:
            # A sign that sticks out over the pavement.
            foot, head, tip = rng.uniform(2.6, 4.5), rng.uniform(0.5, 1.6), wall - way * rng.uniform(0.6, 1.2)
            sign = [(wall, foot, z0 + 1), (tip, foot, z0 + 1), (tip, foot + head, z0 + 1), (wall, foot + head, z0 + 1)]
            fill(image, camera.project(np.array(sign)), paint(rng) * 1.1 if light.lamps else light.on(paint(rng), 0.6))


def _trees(rng: np.random.Generator, image: Floats, camera: Camera, light: Light, x: float, dense: bool) -> None:
    side = image.shape[1]
    sheet = Sketch(side)
    colour, leafless = plants.leaf(rng), bool(rng.random() < 0.2)
    for z in np.arange(60, 4, -4 if dense else -9):
        foot, head = camera.project(np.array([(x, 0, z), (x, 1, z)]))
        metre = foot[1] - head[1]
        plants.tree(
            rng,
            sheet,
            light,
            foot[0],
            foot[1],
            metre * rng.uniform(4, 8),
            mix(colour, light.horizon, 1 - np.exp(-z / 150)),
            leafless,
        )
    sheet.onto(image, plants.leaves(rng, side))


def _traffic(
    rng: np.random.Generator,
    image: Floats,
    camera: Camera,
    light: Light,
    middle: float,
    road: float,
    walk: float,
    alley: bool,
) -> None:
    """Everything that stands or moves in the street, from far to near."""
    side = image.shape[1]
    things: list[tuple[float, str, float]] = []
    kerb = road + 0.5
    for way in (-1, 1):
        if not alley and rng.random() < 0.6:
            for z in np.arange(rng.uniform(6, 12), 60, rng.uniform(5.5, 9)):
                if rng.random() < 0.7:
                    things.append((float(z), "parked", middle + way * (road - 1.1)))
        if rng.random() < 0.7:
            for z in np.arange(rng.uniform(5, 12), 70, rng.uniform(11, 18)):
                things.append((float(z), "lamp left" if way > 0 else "lamp right", middle + way * kerb))
        if not alley and rng.random() < 0.3:
            for z in np.arange(rng.uniform(6, 14), 70, rng.uniform(7, 12)):
                things.append((float(z), "tree", middle + way * (kerb + 0.8)))
    if not alley:
        for _ in range(int(rng.integers(0, 6))):
            things.append((float(rng.uniform(7, 60)), "car", middle + float(rng.choice([-0.5, 0.5])) * road))
    for _ in range(int(rng.integers(1, 9))):
        x = (
            middle + float(rng.choice([-1, 1])) * (road + rng.uniform(0.2, 1) * walk)
            if rng.random() < 0.8
            else middle + rng.uniform(-1, 1) * road
        )
        things.append((float(rng.uniform(4.5, 40)), "person", float(x)))
    sheet, glow = Sketch(side), Sketch(side)
    colour, leafless = plants.leaf(rng), bool(rng.random() < 0.2)
    for z, what, x in sorted(things, reverse=True):
        foot, head = camera.project(np.array([(x, 0, z), (x, 1, z)]))
        metre = foot[1] - head[1]
        px, py = float(foot[0]), float(foot[1])
        if what == "parked" or what == "car":
            car(
                rng,
                sheet,
                light,
                px,
                py,
                metre * 1.85,
                ahead=bool(x > middle) or (what == "parked" and bool(rng.random() < 0.5)),
            )
        elif what == "person":
            person(rng, sheet, light, px, py, metre * float(rng.uniform(1.5, 1.9)))
        elif what == "tree":
            plants.tree(rng, sheet, light, px, py, metre * float(rng.uniform(4.5, 7)), colour, leafless)
        else:
            lamp(sheet, glow, light, px, py, metre * 6, metre * (-1.2 if what == "lamp left" else 1.2))
    if rng.random() < 0.3:
        # Wires from side to side.
        for z in np.arange(rng.uniform(6, 12), 50, rng.uniform(7, 12)):
            t = np.linspace(-1, 1, 9)
            points = np.column_stack([middle + t * (road + walk), 7.5 - 0.8 * (1 - t**2), np.full(9, z)])
            sheet.line(camera.project(points), 0.003, (0.1, 0.1, 0.11), 0.8)
    if rng.random() < 0.25 and not alley:
        z, way = rng.uniform(8, 16), rng.choice([-1, 1])
        post = camera.project(
            np.array(
                [
                    (middle + way * kerb, 0, z),
                    (middle + way * kerb, 3.6, z),
                    (middle + way * (kerb - 0.35), 2.5, z),
                    (middle + way * (kerb + 0.1), 3.6, z),
                ]
            )
        )
        sheet.line(post[:2], 0.008, (0.15, 0.15, 0.16))
        sheet.rectangle(post[2, 0], post[2, 1], post[3, 0], post[3, 1], (0.08, 0.08, 0.08))
        on = int(rng.integers(3))
        for i, shine in enumerate(((0.95, 0.12, 0.1), (0.98, 0.75, 0.1), (0.15, 0.85, 0.35))):
            cy = post[3, 1] + (post[2, 1] - post[3, 1]) * (i + 0.5) / 3
            size = abs(post[3, 0] - post[2, 0]) * 0.3
            sheet.ellipse((post[2, 0] + post[3, 0]) / 2, cy, size, size, np.asarray(shine) * (1 if i == on else 0.25))
    sheet.onto(image)
    glow.onto(image, blur=0.02)


def _wet(rng: np.random.Generator, image: Floats, camera: Camera) -> None:
    """Rain on the road mirrors what stands above it."""
    side = image.shape[1]
    x, y = axes(side)
    ripple = (fractal(rng, side, (12, 40), 3) - 0.5) * 0.05 * side
    mirrored = resample(image, (2 * camera.horizon - y) * side + ripple * 3 + 0 * x, x * side + ripple)
    puddles = smoothstep(0.35, 0.65, fractal(rng, side, (4, 14), 3))
    blend(image, mirrored, puddles * 0.5 * (y > camera.horizon + 0.02))
