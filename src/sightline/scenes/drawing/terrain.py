"""A landscape in perspective: a height map seen from a standing point, with sun, haze and things hidden behind others.

The map is walked from near to far along one ray for each column of the picture, as in the voxel landscapes of the
game Comanche (1992); here all columns and distances are computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightline.scenes.drawing.canvas import Floats, fractal, resample, shaded
from sightline.scenes.drawing.light import Light

REACH = 4.0
"""How far one sees; the map covers x from -REACH/2 to REACH/2 and z from 0 to REACH."""
NEAR = 0.12
CELLS = 192
"""Points of the height map on a side."""
STEPS = 176
"""Distances at which each ray is looked at."""


@dataclass(frozen=True)
class View:
    """Where the viewer stands and looks."""

    eye: float
    """Height of the eye, in the units of the map."""
    horizon: float
    """Height of the horizon in the picture, 0 top, 1 bottom."""
    zoom: float = 1.0
    """Focal length: the picture is 1/zoom wide at distance 1."""


@dataclass(frozen=True)
class Ground:
    """What the viewer sees of a map, for each pixel (side, side)."""

    land: Floats
    """1 where there is land, 0 where there is sky."""
    depth: Floats
    row: Floats
    column: Floats
    """Place in the map, to read colours from it with `resample`."""

    def of(self, values: Floats) -> Floats:
        """A map ([3,] CELLS, CELLS) as the viewer sees it."""
        return resample(values, self.row, self.column)


def places() -> tuple[Floats, Floats]:
    """(x, z) of the points of a map, shaped (1, CELLS) and (CELLS, 1)."""
    line = np.linspace(0, REACH, CELLS, dtype=np.float32)
    return (line - REACH / 2)[None, :], line[:, None]


def ridged(rng: np.random.Generator, cells: float = 5, octaves: int = 5) -> Floats:
    """Mountains: fractal noise folded at its middle into sharp crests (after Musgrave), 0-1."""
    total = np.zeros((CELLS, CELLS), np.float32)
    weight: Floats | float = 1.0
    scale = 1.0
    for _ in range(octaves):
        fold = 1 - np.minimum(np.abs(fractal(rng, CELLS, cells, 1) - 0.5) * 3.2, 1)
        fold = fold * fold * weight
        total += fold * scale
        weight = np.clip(fold * 1.8, 0, 1)
        cells, scale = cells * 2, scale * 0.5
    return total / 1.7


def look(height: Floats, view: View, side: int) -> Ground:
    """Which place of the map each pixel shows."""
    # Near places take more of the picture than far ones, so distances grow geometrically.
    z = np.geomspace(NEAR, REACH, STEPS, dtype=np.float32)[:, None]
    x = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5)[None, :] / view.zoom * z
    scale = (CELLS - 1) / REACH
    rows = np.broadcast_to(z * scale, (STEPS, side))
    columns = (x + REACH / 2) * scale
    seen = view.horizon - view.zoom * (resample(height, rows, columns) - view.eye) / z
    top = np.minimum.accumulate(seen * side, axis=0)
    # A pixel shows the first distance at which the land reaches up to it: count the distances that stay below.
    level = np.clip(np.ceil(top - 0.5), 0, side).astype(np.int64)
    counts = np.bincount((level * side + np.arange(side)).ravel(), minlength=(side + 1) * side).reshape(side + 1, side)
    below = np.cumsum(counts[::-1], axis=0)[::-1][1:]
    land = (below < STEPS).astype(np.float32)
    step = np.minimum(below, STEPS - 1)
    # Between two distances go by the share of the way, lest steep slopes show steps.
    before = np.maximum(step - 1, 0)
    column = np.broadcast_to(np.arange(side), step.shape)
    upper, lower = top[step, column], top[before, column]
    pixel = np.arange(side, dtype=np.float32)[:, None] + 0.5
    share = np.clip((lower - pixel) / np.maximum(lower - upper, 1e-3), 0, 1)
    depth = z[before, 0] * (1 - share) + z[step, 0] * share
    across = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5)[None, :] / view.zoom
    return Ground(land, depth, depth * scale, (across * depth + REACH / 2) * scale)


def sunlight(height: Floats, light: Light, relief: float = 1.0) -> Floats:
    """How each place of the map faces the light, 0 (away) to 1; hollows are darker."""
    step = REACH / (CELLS - 1)
    dz, dx = np.gradient(height, step)
    length = np.sqrt(dx * dx + dz * dz + 1 / relief**2)
    elevation = 0.35 + 0.5 * light.sun_height
    toward = np.array([np.cos(elevation) * light.side, np.sin(elevation), -0.35])
    toward /= np.linalg.norm(toward)
    facing = (-dx * toward[0] - dz * toward[2] + toward[1] / relief) / length
    return np.asarray(np.clip(facing, 0, 1), np.float32)


def steepness(height: Floats) -> Floats:
    """The slope of each place: 0 flat, 1 for 45 degrees."""
    dz, dx = np.gradient(height, REACH / (CELLS - 1))
    return np.asarray(np.hypot(dx, dz), np.float32)


def lit(colour: Floats, facing: Floats, light: Light) -> Floats:
    """The colours (3, H, W) of a map in this light."""
    return colour * light.over(facing, 0.85, 0.85)


def haze(picture: Floats, ground: Ground, light: Light, density: float) -> Floats:
    """The land with air between it and the viewer: far things go towards the colour of the horizon."""
    clear = np.exp(-density * np.maximum(ground.depth - 0.6, 0))
    return np.asarray(picture * clear) + shaded(light.horizon * 0.92, 1 - clear)
