"""The drawing board: noise, blending, flat shapes and pictures warped onto a quadrilateral.

A picture in the making is a float32 array (side, side, 3) of sRGB values in 0-1. Places are given as fractions of the
side, x to the right and y down, so that a scene looks the same at every size. Randomness comes only from the generator
that is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Floats: TypeAlias = NDArray[np.float32]
Colour: TypeAlias = Sequence[float] | NDArray[np.floating]
Point: TypeAlias = tuple[float, float]


@lru_cache(maxsize=8)
def axes(side: int) -> tuple[Floats, Floats]:
    """(x, y): the centre of each pixel as fractions of the side, shaped (1, side) and (side, 1)."""
    centre = ((np.arange(side) + 0.5) / side).astype(np.float32)
    centre.flags.writeable = False
    return centre[None, :], centre[:, None]


def mix(a: Colour, b: Colour, t: float) -> Floats:
    """The colour `t` (0-1) of the way from `a` to `b`."""
    return np.asarray(a, np.float32) * (1 - t) + np.asarray(b, np.float32) * t


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between (also with low > high, then falling)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def blend(image: Floats, paint: Floats | Colour, mask: Floats | float) -> None:
    """Lay `paint` (a colour or a picture) over `image`, in place, where `mask` (0-1) says."""
    weight = np.asarray(mask, np.float32)
    if weight.ndim == 2:
        weight = weight[:, :, None]
    image += (np.asarray(paint, np.float32) - image) * weight


def octave(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float]) -> Floats:
    """Smooth noise of one scale with mean 0 and variance near 1; `cells` = bumps across and down."""
    height, width = shape
    across, down = (max(1, round(c)) for c in cells)
    grid = rng.standard_normal((down + 3, across + 3), np.float32)
    # The box starts at a random fraction of a cell so that bumps do not always sit in the same places.
    dx, dy = rng.random(2) + 0.5
    box = (dx, dy, dx + across, dy + down)
    return np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC, box))


def fractal(
    rng: np.random.Generator,
    side: int | tuple[int, int],
    cells: float | tuple[float, float] = 4,
    octaves: int = 4,
    gain: float = 0.5,
) -> Floats:
    """Fractal noise: octaves of doubling fineness. Mean 0.5, nearly all within 0-1."""
    shape = (side, side) if isinstance(side, int) else side
    across, down = (cells, cells) if isinstance(cells, (int, float)) else cells
    total = np.zeros(shape, np.float32)
    weight, power = 1.0, 0.0
    for _ in range(octaves):
        total += weight * octave(rng, shape, (min(across, shape[1]), min(down, shape[0])))
        power += weight * weight
        across, down, weight = across * 2, down * 2, weight * gain
    return total * (0.25 / np.sqrt(power) / 0.75) + 0.5


def ridge(rng: np.random.Generator, points: int, roughness: float = 0.5) -> Floats:
    """A skyline by midpoint displacement (Fournier, Fussell, Carpenter 1982): `points` heights scaled to 0-1."""
    line = rng.random(3)
    spread = 0.5
    while len(line) < points:
        middle = (line[:-1] + line[1:]) / 2 + rng.uniform(-spread, spread, len(line) - 1)
        longer = np.empty(2 * len(line) - 1)
        longer[::2], longer[1::2] = line, middle
        line, spread = longer, spread * roughness
    line = np.interp(np.linspace(0, len(line) - 1, points), np.arange(len(line)), line)
    return ((line - line.min()) / (np.ptp(line) + 1e-9)).astype(np.float32)


def resample(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """`values` (H, W[, C]) read between its points at (rows, columns), clamped at the edges."""
    height, width = values.shape[:2]
    rows = np.clip(rows, 0, height - 1.001)
    columns = np.clip(columns, 0, width - 1.001)
    row, column = rows.astype(np.int32), columns.astype(np.int32)
    fy, fx = rows - row, columns - column
    if values.ndim == 3:
        fy, fx = fy[..., None], fx[..., None]
    flat = values.reshape(-1, *values.shape[2:])
    start = row * width + column
    top = flat[start] * (1 - fx) + flat[start + 1] * fx
    bottom = flat[start + width] * (1 - fx) + flat[start + width + 1] * fx
    return top * (1 - fy) + bottom * fy


class Sketch:
    """Flat shapes on a transparent sheet, laid over a picture in one go."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.sheet = Image.new("RGBA", (side, side))
        self._draw = ImageDraw.Draw(self.sheet)

    @staticmethod
    def _ink(colour: Colour, alpha: float) -> tuple[int, int, int, int]:
        r, g, b = (int(min(max(float(c), 0.0), 1.0) * 255 + 0.5) for c in colour)
        return r, g, b, int(alpha * 255 + 0.5)

    def polygon(self, points: Sequence[Point] | NDArray[np.floating], colour: Colour, alpha: float = 1.0) -> None:
        self._draw.polygon([(x * self.side, y * self.side) for x, y in points], self._ink(colour, alpha))

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        s = self.side
        self._draw.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), self._ink(colour, alpha))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, alpha: float = 1.0) -> None:
        s = self.side
        box = (min(x0, x1) * s, min(y0, y1) * s, max(x0, x1) * s, max(y0, y1) * s)
        self._draw.rectangle(box, self._ink(colour, alpha))

    def line(
        self, points: Sequence[Point] | NDArray[np.floating], width: float, colour: Colour, alpha: float = 1.0
    ) -> None:
        s = self.side
        pixels = max(1, round(width * s))
        self._draw.line([(x * s, y * s) for x, y in points], self._ink(colour, alpha), pixels, joint="curve")

    def mask(self, blur: float = 0.0) -> Floats:
        """How much of each pixel is covered, (side, side) in 0-1; `blur` is a radius as a fraction of the side."""
        alpha = self.sheet.getchannel("A")
        if blur:
            alpha = alpha.filter(ImageFilter.GaussianBlur(blur * self.side))
        return np.asarray(alpha, np.float32) / 255

    def onto(self, image: Floats, texture: Floats | None = None, blur: float = 0.0) -> None:
        """Lay the shapes over `image` in place. `texture` (side, side), near 1, multiplies their colours."""
        sheet = self.sheet
        if blur:
            sheet = sheet.convert("RGBa").filter(ImageFilter.GaussianBlur(blur * self.side)).convert("RGBA")
        box = sheet.getbbox()
        if box is None:
            return
        left, top, right, bottom = box
        pixels = np.asarray(sheet.crop(box), np.float32) * np.float32(1 / 255)
        colour = pixels[:, :, :3]
        if texture is not None:
            colour = np.clip(colour * texture[top:bottom, left:right, None], 0, 1)
        part = image[top:bottom, left:right]
        part += (colour - part) * pixels[:, :, 3:]


def to_array(picture: Image.Image) -> Floats:
    """An RGB picture as float32 in 0-1."""
    return np.asarray(picture.convert("RGB"), np.float32) / 255


def to_image(pixels: Floats) -> Image.Image:
    """A float32 picture in 0-1 as an RGB image."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def warp(image: Floats, texture: Image.Image, corners: NDArray[np.floating], shade: Floats | None = None) -> None:
    """Lay `texture` over `image`, in place, so that its corners come to `corners`.

    Args:
        corners: (4, 2) places of the texture's top left, top right, bottom right and bottom left.
        shade: multiplies the result, (side, side).
    """
    side = image.shape[0]
    quad = np.asarray(corners, np.float64) * side
    left, top = np.floor(np.clip(quad.min(0), 0, side)).astype(int)
    right, bottom = np.ceil(np.clip(quad.max(0), 0, side)).astype(int)
    if right - left < 1 or bottom - top < 1:
        return
    width, height = texture.size
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    quad = quad - (left, top)
    # Pillow wants the map from the place in the output to the place in the texture.
    system = np.zeros((8, 8))
    for i, ((x, y), (u, v)) in enumerate(zip(quad, source, strict=True)):
        system[2 * i] = (x, y, 1, 0, 0, 0, -u * x, -u * y)
        system[2 * i + 1] = (0, 0, 0, x, y, 1, -v * x, -v * y)
    try:
        coefficients = np.linalg.solve(system, source.reshape(-1))
    except np.linalg.LinAlgError:
        return  # seen edge on: nothing of it shows
    size = (int(right - left), int(bottom - top))
    picture = texture.transform(size, Image.Transform.PERSPECTIVE, coefficients.tolist(), Image.Resampling.BILINEAR)
    stencil = Image.new("L", size)
    ImageDraw.Draw(stencil).polygon([(float(x), float(y)) for x, y in quad], 255)
    paint = to_array(picture)
    if shade is not None:
        paint = paint * shade[top:bottom, left:right, None]
    blend(image[top:bottom, left:right], paint, np.asarray(stencil, np.float32) / 255)
