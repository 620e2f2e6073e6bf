"""What towns are made of: a camera that sees in perspective, façades, and houses as boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.scenes.drawing.canvas import Colour, Floats, child, fill, level, mix, warp
from sightline.scenes.drawing.light import Light
from sightline.scenes.drawing.passers import paint

WALLS = (
    (0.72, 0.66, 0.56),
    (0.62, 0.38, 0.29),
    (0.80, 0.78, 0.74),
    (0.55, 0.55, 0.57),
    (0.78, 0.62, 0.40),
    (0.50, 0.42, 0.36),
    (0.68, 0.74, 0.76),
    (0.84, 0.72, 0.66),
    (0.44, 0.50, 0.56),
    (0.74, 0.76, 0.62),
    (0.36, 0.34, 0.36),
    (0.60, 0.70, 0.66),
)


@dataclass(frozen=True)
class Camera:
    """A viewer at x = 0, z = 0. World: x right, y up, z ahead, in metres; angles in radians."""

    height: float
    pitch: float = 0.0
    """Upwards is positive."""
    yaw: float = 0.0
    """To the right is positive."""
    focal: float = 1.0
    shift: float = 0.0
    """Moves the picture down by this fraction, as a shift lens does."""

    def project(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """(n, 3) places in the world to (n, 2) in the picture; what is behind the viewer is put just before it."""
        x, y, z = (np.asarray(points, float) - (0, self.height, 0)).T
        x, z = x * np.cos(self.yaw) - z * np.sin(self.yaw), x * np.sin(self.yaw) + z * np.cos(self.yaw)
        y, z = y * np.cos(self.pitch) - z * np.sin(self.pitch), y * np.sin(self.pitch) + z * np.cos(self.pitch)
        z = np.maximum(z, 0.3)
        return np.column_stack([0.5 + self.focal * x / z, 0.5 + self.shift - self.focal * y / z])

    @property
    def horizon(self) -> float:
        """Its height in the picture."""
        return 0.5 + self.shift + self.focal * float(np.tan(self.pitch))


@dataclass(frozen=True)
class Style:
    """How a house looks; drawn once, used for all its sides."""

    wall: Floats
    glass: Floats
    frame: Floats
    kind: str
    storey: float
    bay: float
    shop: bool
    lit: float
    """Share of windows with a lamp on."""


def style(rng: np.random.Generator, light: Light, tall: bool = False) -> Style:
    """The looks of a house; `tall` for office towers."""
    kinds = ["curtain", "bands", "holes", "grid"] if tall else ["holes", "framed", "balcony", "grid", "bands"]
    wall = np.clip(
        np.asarray(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.8, 1.15) + rng.normal(0, 0.03, 3), 0.05, 1
    )
    frame = mix(wall, (1, 1, 1), rng.uniform(0.3, 0.9)) if rng.random() < 0.7 else mix(wall, (0, 0, 0), 0.6)
    glass = mix((0.12, 0.15, 0.19), (0.28, 0.38, 0.46), rng.random())
    share = {"night": 0.6, "dusk": 0.4, "storm": 0.25}.get(light.hour, 0.0)
    return Style(
        wall.astype(np.float32),
        glass,
        frame,
        str(kinds[rng.integers(len(kinds))]),
        float(rng.uniform(2.8, 4.0)),
        float(rng.uniform(2.2, 4.2)),
        bool(rng.random() < 0.5),
        share * float(rng.uniform(0.5, 1.3)),
    )


def facade(
    rng: np.random.Generator, light: Light, look: Style, width: float, height: float, facing: float, pixels: float
) -> Image.Image:
    """The picture of one side of a house.

    Args:
        width: metres.
        height: metres.
        facing: how much sun it gets, 0-1.
        pixels: height that it will have in the final picture; finer detail than that would only glitter.
    """
    rng = child(rng)
    h = int(np.clip(pixels, 12, 220))
    w = int(np.clip(h * width / height, 8, 260))
    wall = light.on(look.wall, facing)
    picture = Image.new("RGB", (w, h), rgb(wall))
    pen = ImageDraw.Draw(picture)
    floors = max(1, round(height / look.storey))
    bays = max(1, round(width / look.bay))
    floors, bays = min(floors, max(1, h // 5)), min(bays, max(1, w // 5))
    dy, dx = h / floors, w / bays
    frame, sill = rgb(light.on(look.frame, facing)), rgb(wall * 0.7)
    panes = _panes(rng, light, look, floors, bays)
    for floor in range(floors):
        y = floor * dy
        ground = floor == floors - 1
        if ground and look.shop and dy > 4:
            _shop(rng, pen, light, look, 0, y, w, h, facing)
            continue
        if look.kind == "bands":
            pen.rectangle((0, y + dy * 0.3, w, y + dy * 0.82), panes[floor][0])
        for bay in range(bays):
            x = bay * dx
            pane = panes[floor][bay]
            if look.kind == "curtain":
                pen.rectangle((x + dx * 0.06, y + dy * 0.06, x + dx * 0.95, y + dy * 0.92), pane)
            elif look.kind == "bands":
                if rng.random() < 0.5:
                    pen.rectangle((x, y + dy * 0.3, x + dx * 0.94, y + dy * 0.82), pane)
            elif look.kind == "grid":
                pen.rectangle((x + dx * 0.15, y + dy * 0.2, x + dx * 0.85, y + dy * 0.85), pane)
            else:
                box = (x + dx * 0.28, y + dy * 0.2, x + dx * 0.74, y + dy * 0.8)
                if look.kind != "holes":
                    pen.rectangle(
                        (box[0] - dx * 0.08, box[1] - dy * 0.07, box[2] + dx * 0.08, box[3] + dy * 0.06), frame
                    )
                pen.rectangle(box, pane)
                if dx > 9:
                    pen.line(((box[0] + box[2]) / 2, box[1], (box[0] + box[2]) / 2, box[3]), frame)
                    pen.line((box[0], (box[1] + box[3]) / 2, box[2], (box[1] + box[3]) / 2), frame)
                pen.line((box[0] - dx * 0.06, box[3] + 1, box[2] + dx * 0.06, box[3] + 1), sill)
                if look.kind == "balcony" and bay % 2 == 0 and dy > 7:
                    pen.rectangle((box[0] - dx * 0.2, y + dy * 0.68, box[2] + dx * 0.2, y + dy * 0.96), sill)
                    pen.line((box[0] - dx * 0.2, y + dy * 0.68, box[2] + dx * 0.2, y + dy * 0.68), frame)
        if look.kind in ("framed", "balcony", "grid") and dy > 5:
            pen.line((0, y + dy - 1, w, y + dy - 1), sill)
    pen.rectangle((0, 0, w, max(1.0, dy * 0.12)), frame)
    return picture


def rgb(colour: Colour) -> tuple[int, int, int]:
    """The colour as Pillow wants it."""
    r, g, b = colour.tolist() if isinstance(colour, np.ndarray) else colour
    return level(r), level(g), level(b)


def _panes(
    rng: np.random.Generator, light: Light, look: Style, floors: int, bays: int
) -> list[list[tuple[int, int, int]]]:
    """The colour of each window: some with a lamp on, the others mirroring the sky, the upper ones more."""
    shape = (floors, bays, 1)
    up = 1.2 - np.arange(floors).reshape(-1, 1, 1) / floors
    mirror = mix(light.zenith, light.horizon, 0.5)
    share = np.clip(rng.normal(0.3, 0.16, shape) * up, 0, 0.9)
    dark = (light.on(look.glass, 0.4) * (1 - share) + mirror * share) * rng.uniform(0.85, 1.1, shape)
    lamps = np.array((1.0, 0.83, 0.5)) * rng.uniform(0.6, 1.0, shape)
    panes = np.where(rng.random(shape) < look.lit, lamps, dark)
    return [[tuple(pane) for pane in floor] for floor in (np.clip(panes, 0, 1) * 255).astype(int).tolist()]


def _shop(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    light: Light,
    look: Style,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    facing: float,
) -> None:
    tall = y1 - y0
    sign = paint(rng)
    pen.rectangle((x0, y0, x1, y1), rgb(light.on(look.wall * 0.6, facing)))
    x = x0 + 1
    while x < x1 - 3:
        width = min(rng.uniform(0.7, 1.6) * tall, x1 - x - 1)
        inside = (1.0, 0.86, 0.6) if light.lamps else light.on(look.glass * 1.2, 0.3)
        pen.rectangle(
            (x, y0 + tall * 0.3, x + width * 0.9, y1 - tall * 0.08), rgb(np.asarray(inside) * rng.uniform(0.7, 1))
        )
        if rng.random() < 0.6:
            awning = paint(rng)
            pen.polygon(
                [
                    (x, y0 + tall * 0.2),
                    (x + width * 0.9, y0 + tall * 0.2),
                    (x + width, y0 + tall * 0.45),
                    (x - 1, y0 + tall * 0.45),
                ],
                rgb(light.on(awning, facing)),
            )
        x += width
    pen.rectangle((x0, y0, x1, y0 + tall * 0.2), rgb(light.on(sign, facing)))


def side_of(
    rng: np.random.Generator,
    image: Floats,
    camera: Camera,
    light: Light,
    look: Style,
    base: NDArray[np.floating],
    height: float,
    facing: float,
    foot: float = 0.0,
    shade: Floats | None = None,
) -> None:
    """Draw one upright side of a house, in place.

    Args:
        base: (2, 2) its lower corners on the ground, (x, z) of the left and of the right end as seen from outside.
        facing: how much sun it gets, 0-1.
    """
    (xa, za), (xb, zb) = base
    corners = np.array([(xa, height, za), (xb, height, zb), (xb, foot, zb), (xa, foot, za)])
    quad = camera.project(corners)
    if (quad.max(0) < 0).any() or (quad.min(0) > 1).any():
        return  # outside the picture
    tall = max(abs(quad[3, 1] - quad[0, 1]), abs(quad[2, 1] - quad[1, 1])) * image.shape[1]
    texture = facade(rng, light, look, float(np.hypot(xb - xa, zb - za)), height - foot, facing, tall)
    warp(image, texture, quad, shade)


def box(
    rng: np.random.Generator,
    image: Floats,
    camera: Camera,
    light: Light,
    look: Style,
    x0: float,
    x1: float,
    z0: float,
    z1: float,
    height: float,
    roof: Colour | None = None,
    shade: Floats | None = None,
    foot: float = 0.0,
) -> None:
    """A house with upright walls on the rectangle x0-x1, z0-z1: those sides that the viewer sees, in place."""
    sunny, dim = (0.9, 0.15) if rng.random() < 0.5 else (0.7, 0.3)
    top = camera.project(np.array([(x0, height, z0), (x1, height, z0), (x1, height, z1), (x0, height, z1)]))
    if height < camera.height:
        fill(image, top, light.on(roof if roof is not None else (0.45, 0.43, 0.42), 1.0))
    if x0 > 0:
        side_of(
            rng,
            image,
            camera,
            light,
            look,
            np.array([(x0, z1), (x0, z0)]),
            height,
            sunny if light.side < 0 else dim,
            foot,
            shade,
        )
    if x1 < 0:
        side_of(
            rng,
            image,
            camera,
            light,
            look,
            np.array([(x1, z0), (x1, z1)]),
            height,
            sunny if light.side > 0 else dim,
            foot,
            shade,
        )
    side_of(rng, image, camera, light, look, np.array([(x0, z0), (x1, z0)]), height, 0.55, foot, shade)
