"""Are two photos the same picture? Lay one over the other as well as it will go, then compare them tile by tile.

The fit allows shift and stretch along both axes, so that a crop finds its place in the original, and any change of
brightness or contrast. Then the fine structure (edges, texture; not light and shade, which all sunsets share) is
compared in 64 tiles. Copies agree in nearly all of them; a caption spoils a few; two photos of the same kind of
scene agree in few.

Sources: alignment by least squares on image gradients (Lucas and Kanade, 1981), with gain and offset as unknowns as
in Evangelidis and Psarakis (2008, "ECC"); first look by correlation in the Fourier domain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

Floats = NDArray[np.float32]

SCALES = (0.78, 1.28)  # stretch that the fit may reach: a crop that loses a tenth at every edge, and its reverse
SHIFT = 0.3  # in half-widths
UNMOVED = np.array([1, 1, 0, 0], np.float32)  # the place of a picture that lies on another as it is
_TILES = 8  # along each axis
_NOISE = 1.0  # variance of fine structure, in grey levels squared, that compression alone can make


def structure(grey: Floats) -> Floats:
    """The coarse structure of (n, 32, 32) grey pictures, scaled to length 1: what `correlation` compares."""
    band = _band(grey, 1, 3)
    scaled: Floats = band / (np.sqrt((band**2).sum((1, 2), keepdims=True)) + 10)
    return scaled


def correlation(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The best correlation over shifts of up to 6 of 32 pixels, of (n, 32, 32) `structure`s.

    Returns:
        (n,) -1..1, and where it was found, (n, 4) as `align` takes and gives it.
    """
    room = (40, 40)  # a shift of up to 6 pixels never wraps onto the picture: 32 + 6 < 40
    product = fft.rfft2(a, room) * fft.rfft2(b, room).conj()
    surface = np.roll(fft.irfft2(product, room), (6, 6), (1, 2))[:, :13, :13]
    flat = surface.reshape(len(a), -1)
    at = flat.argmax(axis=1)
    shift = np.stack([at % 13, at // 13], axis=1) - 6
    place = np.concatenate([np.ones((len(a), 2)), -shift / 16], axis=1)
    return flat.max(axis=1), np.clip(place, -SHIFT, [*[SCALES[1]] * 2, SHIFT, SHIFT]).astype(np.float32)


def align(a: Floats, b: Floats, place: Floats, *, blur: float, steps: int) -> Floats:
    """Fit `b` onto `a`, both (n, s, s) grey, from `place` on. Returns (n, 4): stretch x, stretch y, shift x, shift y.

    A point (x, y) of `a`, counted from -1 to 1 across the picture, is at (stretch · x + shift) of `b`. Pixels that
    keep differing, as under a caption, count less and less.
    """
    n, side, _ = a.shape
    weight = np.ones_like(a)
    across = _across(side)
    a, b = (gaussian_filter(grey, (0, blur, blur)) for grey in (a, b))
    slope_y, slope_x = (gradient * (side / 2) for gradient in np.gradient(b, axis=(1, 2)))
    damping = np.array([1e-6] * 4 + [1e-9] * 2, np.float32)
    for step in range(steps):
        inside = _inside(place, side)
        at = _coordinates(place, side)
        warped, dx, dy = (_sample(grey, *at) for grey in (b, slope_x, slope_y))
        columns = np.stack([dx * across, dy * across[:, None], dx, dy, warped, np.ones_like(warped)], axis=1)
        columns = columns.reshape(n, 6, side * side)
        weighted = columns * (weight * inside).reshape(n, 1, side * side)
        normal = (weighted @ columns.transpose(0, 2, 1)).astype(np.float64)
        normal += np.eye(6) * damping * (np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-6)
        target = (weighted @ a.reshape(n, side * side, 1)).astype(np.float64)
        solution = np.linalg.solve(normal, target)[:, :, 0]
        if step >= 1:
            rest = a - (solution[:, None, :].astype(np.float32) @ columns).reshape(a.shape)
            typical = np.abs(rest).mean(axis=(1, 2), keepdims=True) + 0.5
            weight = 1 / (1 + (rest / (2 * typical)) ** 2)
        gain = np.maximum(solution[:, 4:5], 0.2)
        place = place + np.clip(solution[:, :4] / gain, -0.1, 0.1).astype(np.float32)
        place[:, :2] = np.clip(place[:, :2], *SCALES)
        place[:, 2:] = np.clip(place[:, 2:], -SHIFT, SHIFT)
    return place


def fit(a: Floats, b: Floats, place: Floats) -> Floats:
    """The correlation of coarse structure of (n, s, s) pictures once `b` is laid over `a` at `place`; (n,) -1..1."""
    side = a.shape[1]
    inside = _inside(place, side)
    first, second = (_band(grey, 1, 3) * inside for grey in (a, _laid(a, b, place)))
    size = np.sqrt((first**2).sum((1, 2)) * (second**2).sum((1, 2)))
    correlated: Floats = (first * second).sum((1, 2)) / (size + 100)
    return correlated


def agreement(a: Floats, b: Floats, place: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """How well (n, 64, 64) grey pictures agree once `b` is laid over `a` at `place`.

    Returns:
        score: (n,) 0-1, the lower of two views: the correlation over the busiest tiles, and that which three fifths
        of
            the tiles with any structure reach.
        share: (n,) 0-1, the part of those tiles that agree nearly perfectly (a correlation of 0.8).
        tiles: (n,) how many tiles hold structure at all; few of them are little evidence.
    """
    return _agreed(a, _laid(a, b, place), _inside(place, a.shape[1]))


def _agreed(a: Floats, b: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    n, side, _ = a.shape
    first, second = (_band(grey, 0.7, 3) * inside for grey in (a, b))
    step = side // _TILES

    def per_tile(values: Floats) -> Floats:
        sums: Floats = values.reshape(n, _TILES, step, _TILES, step).sum((2, 4)).reshape(n, _TILES**2)
        return sums

    covered = per_tile(inside.astype(np.float32))
    energy_a, energy_b = per_tile(first * first), per_tile(second * second)
    noise = _NOISE * covered
    correlated = per_tile(first * second) / np.sqrt((energy_a + noise) * (energy_b + noise) + 1e-9)

    # The busiest tiles, less the worst fifth of their weight: a caption may cover that much.
    weight = np.power(energy_a * energy_b, 0.25)
    order = np.argsort(correlated, axis=1)
    sorted_weight = np.take_along_axis(weight, order, axis=1)
    kept = np.where(np.cumsum(sorted_weight, axis=1) < 0.2 * sorted_weight.sum(1, keepdims=True), 0, sorted_weight)
    busiest = (np.take_along_axis(correlated, order, axis=1) * kept).sum(1) / (kept.sum(1) + 1e-9)

    textured = (np.maximum(energy_a, energy_b) > 3 * noise) & (covered > 0.5 * step**2)
    tiles = textured.sum(1)
    known = np.where(textured, correlated, np.nan)
    most = np.zeros(n, np.float32)
    enough = tiles >= 4
    if enough.any():
        most[enough] = np.nanquantile(known[enough], 0.4, axis=1)
    share = ((correlated > 0.8) & textured).sum(1) / np.maximum(tiles, 1)
    score = np.clip(np.minimum(busiest, most), 0, 1).astype(np.float32)
    return score, share.astype(np.float32), tiles.astype(np.int64)


def toned_agreement(a: Floats, b: Floats, place: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """As `agreement`, the tones of one picture laid onto the other first: the better of the two ways.

    A tone curve undoes contrast, gamma and levels, and leaves of a photo what its clipped or posterised copy still
    shows. It brings nothing back that was lost, hence the two ways.
    """
    inside, laid = _inside(place, a.shape[1]), _laid(a, b, place)
    ways = [_agreed(a, _toned(laid, a, inside), inside), _agreed(_toned(a, laid, inside), laid, inside)]
    better = ways[1][1] > ways[0][1]
    score, share = np.where(better, ways[1][0], ways[0][0]), np.where(better, ways[1][1], ways[0][1])
    return score, share, np.where(better, ways[1][2], ways[0][2])


def _toned(b: Floats, a: Floats, inside: NDArray[np.bool_]) -> Floats:
    """`b` with the tone curve that gives it the histogram of `a`, both (n, s, s) grey and compared where `inside`.

    The curve never falls; levels that are one in `b` stay one.
    """
    out = b.copy()
    for row in range(len(b)):
        level = np.clip(np.rint(b[row][inside[row]]), 0, 255).astype(np.intp)
        count = np.bincount(level, minlength=256)
        end = np.cumsum(count)
        total = np.concatenate([[0], np.cumsum(np.sort(a[row][inside[row]]), dtype=np.float64)])
        out[row][inside[row]] = ((total[end] - total[end - count]) / np.maximum(count, 1))[level]
    return out


def camera_moved(place: Floats) -> NDArray[np.bool_]:
    """Whether a camera moved between two pictures explains a fit: nearly the same scale along both axes."""
    return np.asarray((np.abs(np.log(place[:, :2])) < 0.15).all(axis=1))


def contained(place: Floats, slack: float = 0.05) -> NDArray[np.bool_]:
    """Whether along each axis one picture's frame lies within the other's, as where one is a crop of the other."""
    overhang = np.abs(place[:, 2:]) - np.abs(1 - place[:, :2])
    return np.asarray((overhang <= slack).all(axis=1))


def _across(side: int) -> Floats:
    return ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32)


def _coordinates(place: Floats, side: int) -> tuple[Floats, Floats]:
    across = _across(side)
    x = (place[:, 0:1] * across + place[:, 2:3] + 1) * side / 2 - 0.5
    y = (place[:, 1:2] * across + place[:, 3:4] + 1) * side / 2 - 0.5
    return x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)


def _inside(place: Floats, side: int) -> NDArray[np.bool_]:
    across = _across(side)
    x = np.abs(place[:, 0:1] * across + place[:, 2:3]) <= 1
    y = np.abs(place[:, 1:2] * across + place[:, 3:4]) <= 1
    inside: NDArray[np.bool_] = y[:, :, None] & x[:, None, :]
    return inside


def _laid(a: Floats, b: Floats, place: Floats) -> Floats:
    """`b` as it lies over `a`; beyond its edge `a` itself, so that the edge makes no structure of its own."""
    side = a.shape[1]
    laid: Floats = np.where(_inside(place, side), _sample(b, *_coordinates(place, side)), a)
    return laid


def _sample(picture: Floats, x: Floats, y: Floats) -> Floats:
    """Bilinear look-up of (n, s, s) pictures at columns x (n, s) and rows y (n, s); the edge continues outwards."""
    side = picture.shape[1]
    column, row = (np.clip(np.floor(at), 0, side - 2).astype(np.intp) for at in (x, y))
    right = np.clip(x - column, 0, 1).astype(np.float32)[:, None, :]
    lower = np.clip(y - row, 0, 1).astype(np.float32)[:, :, None]
    rows = np.take_along_axis(picture, row[:, :, None], 1) * (1 - lower)
    rows += np.take_along_axis(picture, row[:, :, None] + 1, 1) * lower
    out: Floats = np.take_along_axis(rows, column[:, None, :], 2) * (1 - right)
    out += np.take_along_axis(rows, column[:, None, :] + 1, 2) * right
    return out


def _band(grey: Floats, fine: float, coarse: float) -> Floats:
    """What is larger than `fine` and smaller than `coarse` pixels."""
    between: Floats = gaussian_filter(grey, (0, fine, fine)) - gaussian_filter(grey, (0, coarse, coarse))
    return between
