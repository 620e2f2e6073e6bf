"""What varies among photos: groups of photos alike, named by what can be measured on them.

Photos are grouped by a network's features where there are any, else by simple measures of light, colour and lines
(k-means). A group's name says how its measures differ from those of all the photos it was drawn from: "dark, warm,
large shapes". Close-ups and plain backgrounds show as much detail in the middle or little of it, a field from afar as
fine texture, a sunset as dark and warm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sightline.data.pixels import Pixels
from sightline.system.progress import track

MEASURES = {
    "brightness": ("dark", "bright"),
    "contrast": ("hazy", "strong contrast"),
    "colour": ("muted", "colourful"),
    "warmth": ("cool", "warm"),
    "green": ("purplish", "green"),
    "detail": ("plain", "busy"),
    "texture": ("large shapes", "fine texture"),
    "centre": ("filled to the edges", "in the middle"),
    "above": ("lighter below", "lighter above"),
    "upright": ("level lines", "upright lines"),
}
"""Each measure and the words for little and for much of it."""

MOST_PHOTOS = 3000
_SIDE = 48
_CHUNK = 128
_CLEAR = 0.5  # standard deviations from the mean at which a measure is worth a word


@dataclass(frozen=True)
class Group:
    """Photos alike. `rows` are row numbers, the most typical first; `measures` are z-scores against all photos."""

    name: str
    rows: NDArray[np.intp]
    measures: dict[str, float]

    def to_dict(self, paths: Sequence[str], labels: Sequence[str], of: int, examples: int = 12) -> dict[str, Any]:
        """For explore.json: name, photos, share (of the `of` photos looked at), classes, measures, examples."""
        kinds, n = np.unique([labels[row] for row in self.rows], return_counts=True)
        order = np.argsort(-n, kind="stable")
        return {
            "name": self.name,
            "photos": len(self.rows),
            "share": round(len(self.rows) / of, 4),
            "classes": {str(kinds[i]): int(n[i]) for i in order},
            "measures": {key: round(value, 3) for key, value in self.measures.items()},
            "examples": [paths[row] for row in self.rows[:examples]],
        }


def drawn(n: int, seed: int = 0) -> NDArray[np.intp]:
    """The row numbers, ascending, of the photos that are looked at: all, or 3,000 drawn at random."""
    if n <= MOST_PHOTOS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_PHOTOS, replace=False))


def measure(pixels: Pixels, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measures of light, colour and lines.

    Returns:
        (n, 10) in the order of MEASURES, and (n, 48): the colours of a 4 x 4 grid, each in 0-1.
    """
    measures, layout = [], []
    with track("Measuring photos", len(rows)) as advance:
        for start in range(0, len(rows), _CHUNK):
            photos = _small(pixels.take(rows[start : start + _CHUNK]))
            measures.append(_measured(photos))
            cells = photos.reshape(len(photos), 4, _SIDE // 4, 4, _SIDE // 4, 3).mean(axis=(2, 4))
            layout.append(cells.reshape(len(photos), -1))
            advance(len(photos))
    return np.concatenate(measures), np.concatenate(layout)


def groups(
    measures: NDArray[np.float64], features: NDArray[np.float64], rows: NDArray[np.intp], most: int, seed: int = 0
) -> list[Group]:
    """Up to `most` groups of photos alike, the largest first; fewer where photos are few or the same.

    Args:
        measures: (n, 10) for the names. features: (n, F) for the grouping. rows: (n,) what the photos are called.
    """
    k = min(most, len(rows) // 8, len(np.unique(features.round(6), axis=0)))
    if k < 2:
        return []
    centres, nearest = kmeans(features, k, seed)
    distance = np.linalg.norm(features - centres[nearest], axis=1)
    z = (measures - measures.mean(axis=0)) / np.maximum(measures.std(axis=0), 1e-9)
    found = []
    taken: set[str] = set()
    for cluster in np.argsort(-np.bincount(nearest, minlength=k), kind="stable"):
        members = np.flatnonzero(nearest == cluster)
        scores = z[members].mean(axis=0)
        name = _name(scores, taken)
        taken.add(name)
        typical = members[np.argsort(distance[members], kind="stable")]
        found.append(Group(name, rows[typical], dict(zip(MEASURES, map(float, scores), strict=True))))
    return found


def features(
    measures: NDArray[np.float64], layout: NDArray[np.float64], embeddings: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.float64]:
    """What photos are grouped by: a network's embeddings (n, F) in 32 dimensions, else the measures and the layout."""
    if embeddings is None:
        scaled = (measures - measures.mean(axis=0)) / np.maximum(measures.std(axis=0), 1e-9)
        colours = (layout - layout.mean(axis=0)) / max(float(layout.std()), 1e-9)
        return np.hstack([scaled, colours / np.sqrt(layout.shape[1] / measures.shape[1])])
    unit = np.asarray(embeddings, dtype=np.float64)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    dimensions = min(32, *unit.shape)
    reduced: NDArray[np.float64] = PCA(dimensions, random_state=0).fit_transform(unit)
    return reduced


def kmeans(points: NDArray[np.float64], k: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Centres (k, F) and for each point the number of the nearest one (n,); k at most the number of distinct points."""
    # On one thread: the work is small, and threads that wait for one another take many times as long.
    with threadpool_limits(1):
        fitted = KMeans(k, n_init=2, max_iter=60, random_state=seed).fit(points)
    return fitted.cluster_centers_, fitted.labels_.astype(np.intp)


def _small(photos: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n, S, S, 3) uint8 to (n, 48, 48, 3) in 0-1: means over blocks, the nearest pixel where S is below 48."""
    n, side = photos.shape[:2]
    block = max(side // _SIDE, 1)
    at = np.linspace(0, side - block, _SIDE).round().astype(int)
    total: NDArray[np.float64] = np.zeros((n, _SIDE, _SIDE, 3))
    for i in range(block):
        for j in range(block):
            total += photos[:, at + i][:, :, at + j]
    total /= 255 * block * block
    return total


def _measured(photos: NDArray[np.float64]) -> NDArray[np.float64]:
    red, green, blue = photos[..., 0], photos[..., 1], photos[..., 2]
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    across, down = np.abs(np.diff(light, axis=2))[:, :-1], np.abs(np.diff(light, axis=1))[:, :, :-1]
    edges = across + down
    fine = np.abs(
        4 * light[:, 1:-1, 1:-1] - light[:, :-2, 1:-1] - light[:, 2:, 1:-1] - light[:, 1:-1, :-2] - light[:, 1:-1, 2:]
    )
    third, two_thirds = _SIDE // 3, 2 * _SIDE // 3
    every = edges.mean(axis=(1, 2))
    some = np.maximum(every, 1e-6)
    # Colourfulness after Hasler and Süsstrunk (2003): spread and mean of two opponent colours.
    yellow_blue, red_green = (red + green) / 2 - blue, red - green
    spread = np.hypot(yellow_blue.std(axis=(1, 2)), red_green.std(axis=(1, 2)))
    cast = np.hypot(yellow_blue.mean(axis=(1, 2)), red_green.mean(axis=(1, 2)))
    columns = (
        light.mean(axis=(1, 2)),
        light.std(axis=(1, 2)),
        spread + 0.3 * cast,
        (red - blue).mean(axis=(1, 2)),
        (green - (red + blue) / 2).mean(axis=(1, 2)),
        every,
        fine.mean(axis=(1, 2)) / some,
        edges[:, third:two_thirds, third:two_thirds].mean(axis=(1, 2)) / some,
        light[:, :third].mean(axis=(1, 2)) - light[:, two_thirds:].mean(axis=(1, 2)),
        across.mean(axis=(1, 2)) / some,
    )
    return np.asarray(np.column_stack(columns), dtype=np.float64)


def _name(scores: NDArray[np.float64], taken: set[str]) -> str:
    """The words for the measures that differ most, at most three, more where another group has the name already."""
    order = np.argsort(-np.abs(scores), kind="stable")
    words = [list(MEASURES.values())[i][int(scores[i] > 0)] for i in order]
    clear = int((np.abs(scores) > _CLEAR).sum())
    if clear == 0:
        words = ["of every kind", *words]
    for length in range(min(max(clear, 1), 3), len(words) + 1):
        name = ", ".join(words[:length])
        if name not in taken:
            return name
    return ", ".join(words)
