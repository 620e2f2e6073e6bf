"""The drawing board: noise, blending, flat shapes and pictures warped onto a quadrilateral.

A picture in the making is a float32 array (3, side, side) of sRGB values in 0-1: with the colours apart, numpy works on
it many times faster than with the colours of each pixel together. Places are given as fractions of the side, x to the
right and y down, so that a scene looks the same at every size. Randomness comes only from the generator that is handed
in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Floats: TypeAlias = NDArray[np.floating]
Colour: TypeAlias = Sequence[float] | NDArray[np.floating]
Point: TypeAlias = tuple[float, float]


@lru_cache(maxsize=8)
def axes(side: int) -> tuple[Floats, Floats]:
    """(x, y): the centre of each pixel as fractions of the side, shaped (1, side) and (side, 1)."""
    centre = ((np.arange(side) + 0.5) / side).astype(np.float32)
    centre.flags.writeable = False
    return centre[None, :], centre[:, None]


def mix(a: Colour, b: Colour, t: float) -> Floats:
    """The colour `t` (0-1) of the way from `a` to `b`; either may be a picture."""
    first, second = np.asarray(a, np.float32), np.asarray(b, np.float32)
    if first.ndim != second.ndim:
        first, second = (values[:, None, None] if values.ndim == 1 else values for values in (first, second))
    return first + (second - first) * np.float32(t)


def shaded(colour: Colour, shade: Floats) -> Floats:
    """A picture (3, H, W) of one colour times `shade` (H, W)."""
    return np.asarray(colour, np.float32)[:, None, None] * np.asarray(shade, np.float32)


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between (also with low > high, then falling)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def blend(image: Floats, paint: Floats | Colour, mask: Floats | float) -> None:
    """Lay `paint` (a colour or a picture) over `image`, in place, where `mask` (0-1) says."""
    colour = np.asarray(paint, np.float32)
    change = (colour[:, None, None] if colour.ndim == 1 else colour) - image
    change *= np.asarray(mask, np.float32)
    image += change


def child(rng: np.random.Generator) -> np.random.Generator:
    """A generator for what needs more numbers in a larger picture, so that all that is drawn later stays the same."""
    return np.random.Generator(np.random.SFC64(int(rng.integers(2**62))))


def fractal(
    rng: np.random.Generator,
    side: int | tuple[int, int],
    cells: float | tuple[float, float] = 4,
    octaves: int = 4,
    gain: float = 0.5,
) -> Floats:
    """Fractal noise (side, side): octaves of doubling fineness. Mean 0.5, nearly all within 0-1.

    Args:
        side: or (height, width).
        cells: bumps of the coarsest octave over the picture; or (across, down).
        octaves: how many; none is finer than a pixel.
        gain: strength of each octave, as a share of the one before.
    """
    height, width = (side, side) if isinstance(side, int) else side
    across, down = (cells, cells) if isinstance(cells, (int, float)) else cells
    rng = child(rng)
    total: Floats | None = None
    weight, power, columns, rows = 1.0, 0.0, 1, 1
    for number in range(octaves):
        columns, rows = max(1, min(round(across * 2**number), width)), max(1, min(round(down * 2**number), height))
        grid = rng.random((rows + 3, columns + 3), np.float32) - np.float32(0.5)
        # Each octave is laid on the coarser ones at its own fineness: only the last is as large as the picture.
        total = grid if total is None else _enlarged(total, columns + 3, rows + 3) + np.float32(weight) * grid
        power += weight * weight
        weight *= gain
    assert total is not None
    # The window starts at a random fraction of a cell, so that bumps do not always sit in the same places.
    dx, dy = rng.uniform(0.5, 1.5, 2)
    picture = Image.fromarray(total).resize(
        (width, height), Image.Resampling.BICUBIC, (dx, dy, dx + columns, dy + rows)
    )
    result: Floats = np.asarray(picture) * np.float32(1.15 / np.sqrt(power)) + np.float32(0.5)
    return result


def _enlarged(values: Floats, width: int, height: int) -> Floats:
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC))


def ridge(rng: np.random.Generator, points: int, roughness: float = 0.5) -> Floats:
    """A skyline by midpoint displacement (Fournier, Fussell, Carpenter 1982): `points` heights scaled to 0-1."""
    rng = child(rng)
    line = rng.random(3)
    spread = 0.5
    while len(line) < points:
        middle = (line[:-1] + line[1:]) / 2 + rng.uniform(-spread, spread, len(line) - 1)
        longer = np.empty(2 * len(line) - 1)
        longer[::2], longer[1::2] = line, middle
        line, spread = longer, spread * roughness
    line = np.interp(np.linspace(0, len(line) - 1, points), np.arange(len(line)), line)
    scaled: Floats = ((line - line.min()) / (np.ptp(line) + 1e-9)).astype(np.float32)
    return scaled


def resample(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """`values` ([3,] H, W) read between its points at (rows, columns), clamped at the edges."""
    height, width = values.shape[-2:]
    rows = np.clip(rows, 0, height - 1.001)
    columns = np.clip(columns, 0, width - 1.001)
    row, column = rows.astype(np.int32), columns.astype(np.int32)
    down, right = (rows - row).astype(np.float32), (columns - column).astype(np.float32)
    start = row * width + column
    weights = (
        ((1 - down) * (1 - right), 0),
        ((1 - down) * right, 1),
        (down * (1 - right), width),
        (down * right, width + 1),
    )
    flat = values.reshape(-1, height * width)
    result = sum(flat.take(start + step, axis=1) * weight for weight, step in weights)
    return np.asarray(result[0] if values.ndim == 2 else result)


def level(value: float) -> int:
    """A brightness in 0-1 as 0-255; what lies outside is cut off."""
    return 0 if value <= 0 else 255 if value >= 1 else int(value * 255 + 0.5)


class Sketch:
    """Flat shapes on a transparent sheet, laid over a picture in one go."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.sheet = Image.new("RGBA", (side, side))
        self._draw = ImageDraw.Draw(self.sheet)

    @staticmethod
    def _ink(colour: Colour, alpha: float) -> tuple[int, int, int, int]:
        # Called tens of thousands of times: plain floats are several times faster here than small arrays.
        r, g, b = colour.tolist() if isinstance(colour, np.ndarray) else colour
        return level(r), level(g), level(b), level(alpha)

    def polygon(self, points: Sequence[Point] | Floats, colour: Colour, alpha: float = 1.0) -> None:
        """A filled outline."""
        self._draw.polygon([(x * self.side, y * self.side) for x, y in points], self._ink(colour, alpha))

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        """A disc about (x, y)."""
        s = self.side
        self._draw.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), self._ink(colour, alpha))

    def ellipses(self, places: Floats, colours: Floats) -> None:
        """Many discs at once, in order: places (n, 4) as x, y, rx, ry and colours (n, 3)."""
        middle, reach = places[:, :2] * self.side, places[:, 2:] * self.side
        boxes = np.concatenate([middle - reach, middle + reach], axis=1).tolist()
        inks = (np.minimum(np.maximum(colours, 0), 1) * 255 + 0.5).astype(np.int64).tolist()
        draw = self._draw.ellipse
        for box, ink in zip(boxes, inks, strict=True):
            draw(box, (*ink, 255))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, alpha: float = 1.0) -> None:
        """An upright rectangle, its corners in any order."""
        s = self.side
        box = (min(x0, x1) * s, min(y0, y1) * s, max(x0, x1) * s, max(y0, y1) * s)
        self._draw.rectangle(box, self._ink(colour, alpha))

    def span(self, corners: Floats, colour: Colour) -> None:
        """The upright rectangle between two opposite corners, (2, 2)."""
        (x0, y0), (x1, y1) = corners.tolist()
        self.rectangle(x0, y0, x1, y1, colour)

    def line(
        self, points: Sequence[Point] | NDArray[np.floating], width: float, colour: Colour, alpha: float = 1.0
    ) -> None:
        """A line through the points, at least a pixel wide."""
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
        pixels = np.moveaxis(np.asarray(sheet.crop(box)), 2, 0).astype(np.float32, order="C") * np.float32(1 / 255)
        colour = pixels[:3]
        if texture is not None:
            colour *= texture[top:bottom, left:right]
        blend(image[:, top:bottom, left:right], colour, pixels[3])


def to_array(picture: Image.Image) -> Floats:
    """An RGB picture as float32 (3, H, W) in 0-1."""
    return np.moveaxis(np.asarray(picture.convert("RGB")), 2, 0).astype(np.float32, order="C") / 255


def to_image(pixels: Floats) -> Image.Image:
    """A float32 picture (3, H, W) in 0-1 as an RGB image."""
    values = (np.clip(pixels, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(values, 0, 2)))


def _stencil(image: Floats, outline: Floats) -> tuple[tuple[slice, slice], Floats, Image.Image] | None:
    """(window of the picture, the outline in pixels of the window, what it covers there); None outside the picture."""
    side = image.shape[1]
    quad = np.asarray(outline, np.float64) * side
    left, top = np.floor(np.clip(quad.min(0), 0, side)).astype(int).tolist()
    right, bottom = np.ceil(np.clip(quad.max(0), 0, side)).astype(int).tolist()
    if right - left < 1 or bottom - top < 1:
        return None
    quad = quad - (left, top)
    stencil = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(stencil).polygon([(x, y) for x, y in quad.tolist()], 255)
    return (slice(top, bottom), slice(left, right)), quad, stencil


def fill(image: Floats, outline: Floats, colour: Colour, alpha: float = 1.0) -> None:
    """Lay one flat shape over `image`, in place; for a few shapes that must come in order with others."""
    found = _stencil(image, outline)
    if found is not None:
        (rows, columns), _, stencil = found
        blend(image[:, rows, columns], colour, np.asarray(stencil, np.float32) * np.float32(alpha / 255))


def warp(image: Floats, texture: Image.Image, corners: NDArray[np.floating], shade: Floats | None = None) -> None:
    """Lay `texture` over `image`, in place, so that its corners come to `corners`.

    Args:
        corners: (4, 2) places of the texture's top left, top right, bottom right and bottom left.
        shade: multiplies the result, (side, side).
    """
    found = _stencil(image, corners)
    if found is None:
        return
    (rows, columns), quad, stencil = found
    width, height = texture.size
    # A pixel inside the edge: what lies outside the texture is black, and would show as a dark seam.
    source = np.array([(1, 1), (width - 1, 1), (width - 1, height - 1), (1, height - 1)], np.float64)
    # Pillow wants the map from the place in the output to the place in the texture.
    system = np.zeros((8, 8))
    system[::2, :2] = system[1::2, 3:5] = quad
    system[::2, 2] = system[1::2, 5] = 1
    system[:, 6:] = -source.reshape(8, 1) * np.repeat(quad, 2, axis=0)
    try:
        coefficients = np.linalg.solve(system, source.reshape(-1))
    except np.linalg.LinAlgError:
        return  # seen edge on: nothing of it shows
    picture = texture.transform(
        stencil.size, Image.Transform.PERSPECTIVE, coefficients.tolist(), Image.Resampling.BILINEAR
    )
    paint = to_array(picture)
    if shade is not None:
        paint *= shade[rows, columns]
    blend(image[:, rows, columns], paint, np.asarray(stencil, np.float32) / 255)
