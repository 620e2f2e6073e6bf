"""Colour and light of a dataset, class by class: the mean image, channel statistics and the colours that occur most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sightline.data.pixels import Pixels
from sightline.report.variety import kmeans
from sightline.system.progress import track

MOST_PHOTOS = 6000
PALETTE = 7
_CHUNK = 128
_FOR_PALETTE = 3000
_SAMPLED = 24  # pixels of each photo that the palette is drawn from


@dataclass(frozen=True)
class Look:
    """What the photos of one class look like on average; channels in the order red, green, blue, in 0-255."""

    label: str
    n: int
    mean_image: NDArray[np.uint8]  # (S, S, 3)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    palette: list[tuple[tuple[int, int, int], float]]  # colour and its share, dark to light

    @property
    def brightness(self) -> float:
        """Mean luma, 0 (black) to 255 (white), with the weights of ITU-R BT.601."""
        return float(np.dot(self.mean, (0.299, 0.587, 0.114)))

    def to_dict(self) -> dict[str, Any]:
        """For explore.json; the mean image is for people only."""
        return {
            "photos": self.n,
            "mean": [round(v, 2) for v in self.mean],
            "std": [round(v, 2) for v in self.std],
            "brightness": round(self.brightness, 2),
            "palette": [{"colour": css(colour), "share": round(share, 4)} for colour, share in self.palette],
        }


def looks(labels: Sequence[str], classes: Sequence[str], pixels: Pixels, seed: int = 0) -> list[Look]:
    """The look of each class that has photos, in class order; of at most 6,000 photos, as many of each class."""
    kinds = np.asarray(labels, dtype=object)
    each = max(MOST_PHOTOS // max(len(classes), 1), 10)
    generator = np.random.default_rng(seed)
    chosen = {}
    for label in classes:
        rows = np.flatnonzero(kinds == label)
        chosen[label] = rows if len(rows) <= each else np.sort(generator.choice(rows, each, replace=False))
    found = []
    with track("Averaging photos", sum(map(len, chosen.values()))) as advance:
        for label, rows in chosen.items():
            if not len(rows):
                continue
            total = np.zeros((pixels.size, pixels.size, 3))
            square, sampled = np.zeros(3), []
            for photos in _chunks(pixels, rows):
                total += photos.sum(axis=0, dtype=np.uint32)
                flat = photos.reshape(len(photos), -1, 3).astype(np.float32)
                square += np.diagonal(np.matmul(flat.transpose(0, 2, 1), flat).sum(axis=0, dtype=np.float64))
                spots = generator.integers(0, pixels.size**2, _SAMPLED)
                sampled.append(photos.reshape(len(photos), -1, 3)[:, spots].reshape(-1, 3))
                advance(len(photos))
            mean_image = total / len(rows)
            mean = mean_image.mean(axis=(0, 1))
            spread = np.sqrt(np.maximum(square / (len(rows) * pixels.size**2) - mean**2, 0))
            palette = _palette(np.concatenate(sampled), seed)
            image = mean_image.round().astype(np.uint8)
            found.append(Look(str(label), len(rows), image, _triple(mean), _triple(spread), palette))
    return found


def strip(palette: Sequence[tuple[tuple[int, int, int], float]], label: str) -> Markup:
    """A palette as one bar: each colour as wide as its share."""
    x, rects = 0.0, []
    for colour, share in palette:
        rects.append(f'<rect x="{x:.2f}%" width="{100 * share + 0.2:.2f}%" height="100%" fill="{css(colour)}"/>')
        x += 100 * share
    named = Markup('<svg class="strip" role="img" aria-label="{}" height="20">').format(label)
    return named + Markup("".join(rects) + "</svg>")


def css(colour: Sequence[int]) -> str:
    """A colour as "#rrggbb"."""
    return "#" + "".join(f"{int(value):02x}" for value in colour)


def _chunks(pixels: Pixels, rows: NDArray[np.intp]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(rows), _CHUNK):
        yield pixels.take(rows[start : start + _CHUNK])


def _palette(colours: NDArray[np.uint8], seed: int) -> list[tuple[tuple[int, int, int], float]]:
    values = colours.astype(np.float64)
    if len(values) > _FOR_PALETTE:
        values = values[np.random.default_rng(seed).choice(len(values), _FOR_PALETTE, replace=False)]
    different = len(np.unique(values, axis=0))
    centres, nearest = kmeans(values, min(PALETTE, different), seed)
    shares = np.bincount(nearest, minlength=len(centres)) / len(values)
    order = np.argsort(centres @ np.array([0.299, 0.587, 0.114]))
    rounded = centres.round().clip(0, 255).astype(int)
    return [((int(rounded[i][0]), int(rounded[i][1]), int(rounded[i][2])), float(shares[i])) for i in order]


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
