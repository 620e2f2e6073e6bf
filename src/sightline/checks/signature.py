"""A short signature of each photo, and the search for photos whose signatures are alike.

The signature is the start of a cosine transform: 35 numbers for the layout of light and dark and 30 for colour. No tone
curve (contrast, gamma, automatic levels) moves the layout much, because each pixel counts by how many others are
darker, not by how bright it is; the colours count half and without their mean, so that neither a white balance nor
sepia nor grayscale takes a copy far away. Detail is left out, so that a copy that was saved again, resized or cropped
a little stays close. Mirroring a photo changes the sign of every odd horizontal coefficient, so a mirrored copy is
found by asking twice.

Sources: the perceptual hash by cosine transform (Zauner, "Implementation and Benchmarking of Perceptual Image Hash
Functions", 2010), kept as real numbers instead of bits; ranks against tone as in the ordinal measures of Bhat and
Nayar ("Ordinal Measures for Image Correspondence", 1998); the graph index is HNSW (Malkov and Yashunin, 2016) by
usearch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from sightline.checks.neighbours import Neighbours

SMALL = 32  # side of the pictures from which signatures are taken
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_LIGHT, _COLOUR = 6, 4  # coefficients kept along each axis


def shrink(squares: NDArray[np.uint8], side: int, boxes: NDArray[np.int64] | None = None) -> NDArray[np.uint8]:
    """(n, s, s, 3) uint8 squares made (n, side, side, 3), with antialiasing.

    Args:
        squares: (n, s, s, 3).
        side: in pixels.
        boxes: (n, 4) left, top, right, bottom in pixels of `squares`; only what lies within is shown.
    """
    out = np.empty((len(squares), side, side, 3), np.uint8)
    within = [None] * len(squares) if boxes is None else [tuple(box) for box in boxes.tolist()]
    for row, square, box in zip(out, squares, within, strict=True):
        image = Image.fromarray(np.asarray(square))
        row[...] = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box=box))
    return out


def luma(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, s, s, 3) uint8 as (n, s, s) float32 grey, 0-255."""
    grey: NDArray[np.float32] = pictures.astype(np.float32) @ _LUMA
    return grey


def signatures(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Signatures of (n, 32, 32, 3) uint8 pictures: (n, 65) float32 rows of length 1, to be compared by cosine."""
    n, grey = len(small), luma(small)
    light = dctn(ranks(grey), axes=(1, 2), norm="ortho")[:, :_LIGHT, :_LIGHT]
    # Photos hold most of their energy in the lowest frequencies; this evens it out a little.
    light = (light * np.sqrt(np.hypot(*np.mgrid[:_LIGHT, :_LIGHT]))).reshape(n, _LIGHT**2)[:, 1:]
    tints = [dctn((small[..., channel] - grey) / (grey + 40), axes=(1, 2), norm="ortho") for channel in (2, 0)]
    colour = np.concatenate([tint[:, :_COLOUR, :_COLOUR].reshape(n, _COLOUR**2)[:, 1:] for tint in tints], axis=1)
    # The constants keep noise in an empty or grey picture from being blown up to a full signature.
    whole = np.concatenate([light / (_length(light) + 1e-3), 0.5 * colour / (_length(colour) + 1)], axis=1)
    scaled: NDArray[np.float32] = (whole / (_length(whole) + 1e-9)).astype(np.float32)
    return scaled


def _length(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    found: NDArray[np.floating] = np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def ranks(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, s, s) grey 0-255 with each pixel's value replaced by the share of its picture's pixels that are darker, 0-1.

    Of pixels that are equally bright, to a whole grey level, each counts half.
    """
    n, side, _ = grey.shape
    level = np.clip(np.rint(grey), 0, 255).astype(np.int64) + 256 * np.arange(n)[:, None, None]
    count = np.bincount(level.reshape(-1), minlength=256 * n).reshape(n, 256)
    darker = (np.cumsum(count, axis=1) - count / 2) / side**2
    found: NDArray[np.float32] = darker.astype(np.float32).reshape(-1)[level]
    return found


def mirrored(signature: NDArray[np.float32]) -> NDArray[np.float32]:
    """The signatures that the same photos would have as seen in a mirror."""
    odd = [np.tile(np.arange(kept) % 2, kept)[1:] for kept in (_LIGHT, _COLOUR, _COLOUR)]
    turned: NDArray[np.float32] = (signature * np.where(np.concatenate(odd), -1, 1)).astype(np.float32)
    return turned


def alike(signature: NDArray[np.float32], neighbours: int = 8, least: float = 0.65) -> NDArray[np.int64]:
    """Pairs of photos whose signatures are alike: (m, 3) rows `a, b, mirror` with a < b and mirror 0 or 1.

    Each photo, and its mirror image, asks for its `neighbours` nearest with a cosine of `least` or more. The
    cost is near-linear.
    """
    n = len(signature)
    if n < 2:
        return np.empty((0, 3), np.int64)
    k = min(neighbours + 1, n)  # one more, because each photo finds itself
    index = Neighbours(signature)
    found = []
    for mirror, query in enumerate((signature, mirrored(signature))):
        near, cosine = index.nearest(query, k)
        asker = np.repeat(np.arange(n), near.shape[1])
        other = near.reshape(-1)
        keep = (cosine.reshape(-1) >= least) & (asker != other)
        asker, other = asker[keep], other[keep]
        found.append(
            np.stack([np.minimum(asker, other), np.maximum(asker, other), np.full(len(asker), mirror)], axis=1)
        )
    pairs: NDArray[np.int64] = np.unique(np.concatenate(found).astype(np.int64), axis=0)
    return pairs
