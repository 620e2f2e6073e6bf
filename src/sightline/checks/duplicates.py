"""The same photo again: byte for byte, pixel for pixel, as a changed copy, or as one of a series of the same scene.

A copy on the other side of a split leaks the answer, and a copy under another label says that one of the two is
wrong, so splits, label checks and reports all begin here. Files and pixels are compared by digest; changed copies
(saved again, resized, cropped a little, mirrored, with another tone, a thin frame or a caption) are found in three
steps of falling number and rising cost: alike signatures (`signature.py`) of what lies within the frame (`frames.py`),
a rough correlation, then the two laid over each other (`alignment.py`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sightline.checks import alignment, signature
from sightline.checks.frames import frame
from sightline.data.pixels import Pixels
from sightline.system.progress import track

KINDS = ("bytes", "pixels", "near", "burst")
COLUMNS = ("a", "b", "kind", "score")

ROUGH = 0.38  # correlation of coarse structure below which a pair is not looked at more closely
CLOSER = 0.55  # the same after a first alignment
SAME_SCENE = 0.55  # agreement from which two photos show the same scene
SAME_PHOTO = 0.70  # … from which, framed alike, they are the same photo
NEARLY = 0.40  # … from which a closer look is worth its cost
_SHARE = 0.6  # of the tiles must then agree nearly perfectly
_TILES = 12  # of 64 must hold structure: two clear skies are no evidence
_CHUNK = 512
T = TypeVar("T")


@dataclass(frozen=True)
class Duplicates:
    """What `find_duplicates` found in n photos.

    Attributes:
        groups: (n,) int; photos of one number show the same photo or the same scene. A photo alone has its own
            number. Numbers count up from 0 in the order in which the groups first appear.
        pairs: one row per pair found: `a`, `b` (row numbers, a < b), `kind` ("bytes", "pixels", "near" or "burst") and
            `score` 0-1, how sure it is. Of k identical files only the k - 1 pairs with the first of them are listed.
    """

    groups: NDArray[np.int64]
    pairs: pd.DataFrame

    @property
    def same(self) -> NDArray[np.int64]:
        """Like `groups`, but of copies of the same photo only: bursts do not join."""
        return joined(len(self.groups), self.pairs[self.pairs["kind"] != "burst"])


def find_duplicates(samples: pd.DataFrame, pixels: Pixels) -> Duplicates:
    """Find photos that are there more than once.

    Args:
        samples: one row per photo. Its `digest` (SHA-256 of the file), `width` and `height` are used where it has them.
        pixels: the same photos as squares, in the same order; 96 pixels a side and more work best.

    Returns:
        The groups and pairs. The same input gives the same answer; the cost grows linearly with the number of photos.

    Raises:
        ValueError: `samples` and `pixels` differ in length.
    """
    n = len(samples)
    if n != len(pixels):
        raise ValueError(f"{n} samples but {len(pixels)} photos")
    digest = samples["digest"].fillna("").astype(str).to_numpy() if "digest" in samples else np.full(n, "")
    first_file = _first_of_each(np.where(digest == "", [f"row {i}" for i in range(n)], digest))
    files = np.flatnonzero(first_file == np.arange(n))

    shape = samples[["width", "height"]].to_numpy() if {"width", "height"} <= set(samples) else np.zeros((n, 2))
    contents, small, boxes = _read(pixels, files)
    named = [f"{content} {shape[row].tolist()}" for content, row in zip(contents, files, strict=True)]
    first_picture = _first_of_each(np.array(named, dtype=object))
    pictures = np.flatnonzero(first_picture == np.arange(len(files)))

    found = [
        _frame(first_file, np.arange(n), "bytes"),
        _frame(files[first_picture], files, "pixels"),
        _near(pixels, files[pictures], small[pictures], boxes[pictures]),
    ]
    pairs = pd.concat(found, ignore_index=True)
    pairs = pairs.sort_values(["a", "b"], kind="stable", ignore_index=True)
    return Duplicates(joined(n, pairs), pairs)


def _near(pixels: Pixels, rows: NDArray[np.int64], small: NDArray[np.uint8], boxes: NDArray[np.int64]) -> pd.DataFrame:
    """Changed copies and bursts among the photos at `rows`, no two of which are identical."""
    pairs = signature.alike(signature.signatures(small))
    grey = signature.luma(small).round().astype(np.uint8)
    outlines = _stacked(_each(partial(_outline, grey), np.arange(len(rows)), "Outlining photos"), (32, 32))
    roughly = _each(partial(_fitted, grey, outlines), pairs, "Comparing photos", unit="pairs")
    fitted = _stacked([part for part, _ in roughly], (3,)).astype(np.int64)
    place = _stacked([place for _, place in roughly], (4,))
    judged = _each(
        partial(_judged, pixels, rows, boxes, fitted, place), np.arange(len(fitted)), "Judging likenesses", "pairs"
    )
    kind = np.concatenate([np.empty(0, "U5"), *(kind for kind, _ in judged)])
    score = _stacked([score for _, score in judged], ())
    found = pd.DataFrame({"a": rows[fitted[:, 0]], "b": rows[fitted[:, 1]], "kind": kind, "score": score.astype(float)})
    found = found[found["kind"] != "none"]
    # A symmetrical photo is its own mirror image and may be found twice: the better of the two stands.
    return found.sort_values("score", ascending=False, kind="stable").drop_duplicates(["a", "b"])


def _outline(grey: NDArray[np.uint8], photos: NDArray[np.int64]) -> NDArray[np.float16]:
    """The coarse structure of some photos."""
    return alignment.structure(grey[photos].astype(np.float32)).astype(np.float16)


def _fitted(
    grey: NDArray[np.uint8], outlines: NDArray[np.float16], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Those of the pairs that correlate roughly and fit after a first alignment, and how one lies on the other."""
    correlated, place = alignment.correlation(*_both(outlines, pairs))
    near = np.flatnonzero(correlated > ROUGH)
    pairs, place = pairs[near], place[near]
    a, b = _both(grey, pairs)
    place = alignment.align(_halved(a), _halved(b), place, blur=1, steps=6)
    fits = alignment.fit(a, b, place) > CLOSER
    return pairs[fits], alignment.align(a[fits], b[fits], place[fits], blur=1, steps=6)


def _judged(
    pixels: Pixels,
    rows: NDArray[np.int64],
    boxes: NDArray[np.int64],
    pairs: NDArray[np.int64],
    place: NDArray[np.float32],
    chosen: NDArray[np.int64],
) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """What the chosen pairs are, near, burst or none, and how sure that is."""
    pairs, place = pairs[chosen], place[chosen]
    a, b = (
        signature.luma(signature.shrink(pixels.take(rows[photos]), 64, boxes[photos]))
        for photos in (pairs[:, 0], pairs[:, 1])
    )
    b = _turned(b, pairs)
    found = alignment.agreement(a, b, place)
    # Where a tone has clipped much away, the fit may go astray though nothing moved.
    still = np.broadcast_to(alignment.UNMOVED, place.shape)
    unmoved = alignment.agreement(a, b, still)
    use = unmoved[0] > found[0]
    place = np.where(use[:, None], still, place)
    score, share = np.where(use, unmoved[0], found[0]), np.where(use, unmoved[1], found[1])
    tiles = np.where(use, unmoved[2], found[2])
    scene = (score >= SAME_SCENE) & (tiles >= _TILES)
    photo = scene & _is_photo(score, share, place)

    # What nearly is one may be one of another tone, or not yet lie well enough.
    again = np.flatnonzero((score >= NEARLY) & (tiles >= _TILES) & ~photo)
    a, b = a[again], b[again]
    closer = alignment.align(a, b, place[again], blur=1, steps=6)
    toned, shared, textured = alignment.toned_agreement(a, b, closer)
    now = (textured >= _TILES) & _is_photo(toned, shared, closer)
    photo[again[now]], score[again[now]] = True, toned[now]
    return np.select([photo, scene & alignment.camera_moved(place)], ["near", "burst"], "none"), score


def _is_photo(score: NDArray[np.float32], share: NDArray[np.float32], place: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether pictures that agree so well, laid over each other so, are the same photo."""
    return (score >= SAME_PHOTO) & (share >= _SHARE) & alignment.contained(place)


def _read(pixels: Pixels, rows: NDArray[np.int64]) -> tuple[list[str], NDArray[np.uint8], NDArray[np.int64]]:
    """One pass over the photos: a digest of each square, each square made small, and where it lies within a frame."""

    def work(part: NDArray[np.int64]) -> tuple[list[str], NDArray[np.uint8], NDArray[np.int64]]:
        squares = pixels.take(part)
        digests = [hashlib.blake2b(square.tobytes(), digest_size=16).hexdigest() for square in squares]
        boxes = np.array([frame(square) for square in squares], np.int64).reshape(-1, 4)
        return digests, signature.shrink(squares, signature.SMALL, boxes), boxes

    done = _each(work, rows, "Reading photos")
    small = _stacked([small for _, small, _ in done], (signature.SMALL, signature.SMALL, 3), np.uint8)
    boxes = _stacked([boxes for _, _, boxes in done], (4,), np.int64)
    return [digest for digests, _, _ in done for digest in digests], small, boxes


def _each(
    work: Callable[[NDArray[np.int64]], T], items: NDArray[np.int64], label: str, unit: str = "photos"
) -> list[T]:
    """`work` on the items, a few hundred at a time, on as many threads as there are cores; the answers in order."""
    parts = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    done = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads, track(label, len(items), unit) as advance:
        for part, answer in zip(parts, threads.map(work, parts), strict=True):
            done.append(answer)
            advance(len(part))
    return done


def _stacked(parts: list[Any], shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """The parts as one array; with no parts an empty one of the right shape."""
    return np.concatenate(parts) if parts else np.empty((0, *shape), dtype)


def _both(pictures: NDArray[Any], part: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The two pictures of each pair, the second mirrored where the pair says so."""
    return pictures[part[:, 0]].astype(np.float32), _turned(pictures[part[:, 1]].astype(np.float32), part)


def _turned(pictures: NDArray[np.float32], part: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.where(part[:, 2, None, None] == 1, pictures[:, :, ::-1], pictures)


def _halved(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    n, side, _ = grey.shape
    mean: NDArray[np.float32] = grey.reshape(n, side // 2, 2, side // 2, 2).mean((2, 4))
    return mean


def _first_of_each(names: NDArray[np.generic]) -> NDArray[np.int64]:
    """For each name the position at which it first stands."""
    codes, _ = pd.factorize(names)
    _, first = np.unique(codes, return_index=True)
    position: NDArray[np.int64] = first[codes]
    return position


def _frame(a: NDArray[np.int64], b: NDArray[np.int64], kind: str) -> pd.DataFrame:
    different = a != b
    return pd.DataFrame({"a": a[different], "b": b[different], "kind": kind, "score": 1.0})


def joined(n: int, pairs: pd.DataFrame) -> NDArray[np.int64]:
    """Union-find over the pairs, numbered in order of first appearance."""
    a, b = pairs["a"].to_numpy(np.int64), pairs["b"].to_numpy(np.int64)
    _, component = connected_components(coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n)), directed=False)
    return pd.factorize(component)[0].astype(np.int64)
