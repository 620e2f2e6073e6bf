"""What towns are made of: a camera, façades, houses as boxes, cars, people, lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.data.drawing.canvas import Colour, Floats, Sketch, mix, warp
from sightline.data.drawing.light import Light

WALLS = (
    (0.72, 0.66, 0.56), (0.62, 0.38, 0.29), (0.80, 0.78, 0.74), (0.55, 0.55, 0.57), (0.78, 0.62, 0.40), (0.50, 0.42, 0.36),
    (0.68, 0.74, 0.76), (0.84, 0.72, 0.66), (0.44, 0.50, 0.56), (0.74, 0.76, 0.62), (0.36, 0.34, 0.36), (0.60, 0.70, 0.66),
)  # fmt: skip


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
        """(n, 3) places in the world to (n, 2) places in the picture; what is behind the viewer is put just before it."""
        x, y, z = (np.asarray(points, float) - (0, self.height, 0)).T
        x, z = x * np.cos(self.yaw) - z * np.sin(self.yaw), x * np.sin(self.yaw) + z * np.cos(self.yaw)
        y, z = y * np.cos(self.pitch) - z * np.sin(self.pitch), y * np.sin(self.pitch) + z * np.cos(self.pitch)
        z = np.maximum(z, 0.3)
        return np.column_stack([0.5 + self.focal * x / z, 0.5 + self.shift - self.focal * y / z])

    @property
    def horizon(self) -> float:
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
    kinds = ["curtain", "bands", "holes", "grid"] if tall else ["holes", "framed", "balcony", "grid", "bands"]
    wall = np.clip(
        np.asarray(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.8, 1.15) + rng.normal(0, 0.03, 3), 0.05, 1
    )
    frame = mix(wall, (1, 1, 1), rng.uniform(0.3, 0.9)) if rng.random() < 0.7 else mix(wall, (0, 0, 0), 0.6)
    glass = mix((0.12, 0.15, 0.19), (0.28, 0.38, 0.46), rng.random())
    share = {"night": 0.6, "dusk": 0.4, "storm": 0.25}.get(light.hour, 0.0)
    return Style(
        wall.astype(np.float32), glass, frame, str(kinds[rng.integers(len(kinds))]), float(rng.uniform(2.8, 4.0)),
        float(rng.uniform(2.2, 4.2)), bool(rng.random() < 0.5), share * float(rng.uniform(0.5, 1.3)),
    )  # fmt: skip


def facade(
    rng: np.random.Generator, light: Light, look: Style, width: float, height: float, facing: float, pixels: float
) -> Image.Image:
    """The picture of one side of a house.

    Args:
        width, height: metres.
        facing: how much sun it gets, 0-1.
        pixels: height that it will have in the final picture; finer detail than that would only glitter.
    """
    h = int(np.clip(pixels, 12, 220))
    w = int(np.clip(h * width / height, 8, 260))
    wall = light.on(look.wall, facing)
    picture = Image.new("RGB", (w, h), _rgb(wall))
    pen = ImageDraw.Draw(picture)
    floors = max(1, round(height / look.storey))
    bays = max(1, round(width / look.bay))
    if h / floors < 3:
        floors = max(1, h // 3)
    if w / bays < 3:
        bays = max(1, w // 3)
    dy, dx = h / floors, w / bays
    frame, sill = _rgb(light.on(look.frame, facing)), _rgb(wall * 0.7)
    for floor in range(floors):
        y = floor * dy
        ground = floor == floors - 1
        if ground and look.shop and dy > 4:
            _shop(rng, pen, light, look, 0, y, w, h, facing)
            continue
        if look.kind == "bands":
            pen.rectangle((0, y + dy * 0.3, w, y + dy * 0.82), _glass(rng, light, look, floor / floors))
        for bay in range(bays):
            x = bay * dx
            pane = _glass(rng, light, look, floor / floors)
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


def _rgb(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (int(min(max(float(c), 0.0), 1.0) * 255) for c in colour)
    return r, g, b


def _glass(rng: np.random.Generator, light: Light, look: Style, down: float) -> tuple[int, int, int]:
    if rng.random() < look.lit:
        return _rgb(np.array((1.0, 0.83, 0.5)) * rng.uniform(0.6, 1.0))
    # Panes mirror the sky, the upper ones more.
    mirror = mix(light.zenith, light.horizon, 0.5)
    return _rgb(
        mix(light.on(look.glass, 0.4), mirror, np.clip(rng.normal(0.3, 0.16) * (1.2 - down), 0, 0.9))
        * rng.uniform(0.85, 1.1)
    )


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
    sign = rng.uniform(0.1, 0.9, 3)
    pen.rectangle((x0, y0, x1, y1), _rgb(light.on(look.wall * 0.6, facing)))
    x = x0 + 1
    while x < x1 - 3:
        width = min(rng.uniform(0.7, 1.6) * tall, x1 - x - 1)
        inside = (1.0, 0.86, 0.6) if light.lamps else light.on(look.glass * 1.2, 0.3)
        pen.rectangle(
            (x, y0 + tall * 0.3, x + width * 0.9, y1 - tall * 0.08), _rgb(np.asarray(inside) * rng.uniform(0.7, 1))
        )
        if rng.random() < 0.6:
            awning = rng.uniform(0.2, 0.9, 3)
            pen.polygon(
                [
                    (x, y0 + tall * 0.2),
                    (x + width * 0.9, y0 + tall * 0.2),
                    (x + width, y0 + tall * 0.45),
                    (x - 1, y0 + tall * 0.45),
                ],
                _rgb(light.on(awning, facing)),
            )
        x += width
    pen.rectangle((x0, y0, x1, y0 + tall * 0.2), _rgb(light.on(sign, facing)))


def side_of(
    rng: np.random.Generator, image: Floats, camera: Camera, light: Light, look: Style, base: NDArray[np.floating], height: float,
    facing: float, foot: float = 0.0, shade: Floats | None = None,
) -> None:  # fmt: skip
    """Draw one upright side of a house, in place.

    Args:
        base: (2, 2) its lower corners on the ground, (x, z) of the left and of the right end as seen from outside.
        facing: how much sun it gets, 0-1.
    """
    (xa, za), (xb, zb) = base
    corners = np.array([(xa, height, za), (xb, height, zb), (xb, foot, zb), (xa, foot, za)])
    quad = camera.project(corners)
    tall = max(abs(quad[3, 1] - quad[0, 1]), abs(quad[2, 1] - quad[1, 1])) * image.shape[0]
    texture = facade(rng, light, look, float(np.hypot(xb - xa, zb - za)), height - foot, facing, tall)
    warp(image, texture, quad, shade)


def box(
    rng: np.random.Generator, image: Floats, camera: Camera, light: Light, look: Style, x0: float, x1: float, z0: float, z1: float,
    height: float, roof: Colour | None = None, shade: Floats | None = None, foot: float = 0.0,
) -> None:  # fmt: skip
    """A house with upright walls on the rectangle x0-x1, z0-z1: those sides that the viewer sees, in place."""
    side = image.shape[0]
    sunny, dim = (0.9, 0.15) if rng.random() < 0.5 else (0.7, 0.3)
    top = camera.project(np.array([(x0, height, z0), (x1, height, z0), (x1, height, z1), (x0, height, z1)]))
    if height < camera.height:
        sheet = Sketch(side)
        sheet.polygon(top, light.on(roof if roof is not None else (0.45, 0.43, 0.42), 1.0))
        sheet.onto(image)
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


def car(rng: np.random.Generator, sheet: Sketch, light: Light, x: float, y: float, size: float, ahead: bool) -> None:
    """A car seen from behind (`ahead`: it drives away) or from the front; (x, y) is the road under it, `size` its width."""
    paint = light.on(rng.uniform(0.05, 0.95, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.08, 0.9)), 0.6)
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
        paint,
    )
    sheet.polygon(
        [
            (x - half * 0.8, y - tall * 0.55),
            (x - half * 0.58, y - tall),
            (x + half * 0.58, y - tall),
            (x + half * 0.8, y - tall * 0.55),
        ],
        paint * 0.92,
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
    lamp = (0.85, 0.10, 0.08) if ahead else (1.0, 0.97, 0.85)
    lamp = np.asarray(lamp) * (1.0 if light.lamps else 0.75)
    for way in (-1, 1):
        sheet.rectangle(x + way * half * 0.95, y - tall * 0.48, x + way * half * 0.62, y - tall * 0.36, lamp)
    sheet.rectangle(x - half * 0.25, y - tall * 0.3, x + half * 0.25, y - tall * 0.2, (0.9, 0.9, 0.85))


def person(rng: np.random.Generator, sheet: Sketch, light: Light, x: float, y: float, height: float) -> None:
    """Somebody standing at (x, y)."""
    coat, legs = light.on(rng.uniform(0.03, 0.9, 3), 0.6), light.on(rng.uniform(0.03, 0.4, 3), 0.4)
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
